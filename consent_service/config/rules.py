"""Rules over several facts: each yields the keys and sentences of its faults.

Runs on each table that is well-formed in itself, whatever is wrong with the others, so that one look at
a file names all its faults. Knows nothing of lines or files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from consent_service import texts
from consent_service.addresses import hold_the_internet, is_unspecified, read_address, read_network
from consent_service.config.first_party import first_party_faults, is_below, origin_of
from consent_service.config.locating import Path
from consent_service.config.prior_cmp import PRESETS
from consent_service.config.reading import Misread, unknown
from consent_service.config.shape import Geo, PartnerFacts, Service, SiteFacts, TagFacts, no_such_site
from consent_service.config.suffixes import is_public_suffix, is_registry
from consent_service.config.tags import restriction_faults, sites_among, tag_faults

_NOT_SENSITIVE: Final = "the site says sensitive = false: visitors have no such choice"
_LINK_TITLES: Final = ("Your Privacy Choices", "Your California Privacy Choices")


def misfits(parts: Mapping[Path, object], sites: Collection[str]) -> Iterator[Misread]:
    """Everything in these tables that does not fit together. `sites`: the keys that the document has."""
    for path, part in parts.items():
        for rule in _RULES.get(type(part), ()):
            for misfit in rule(part, sites):
                yield Misread((*path, *misfit.path), misfit.message)
    yield from _own_origin(parts)
    yield from _geo(parts)
    yield from _restrictions(parts)
    yield from _blocked_hosts(parts)


def _own_origin(parts: Mapping[Path, object]) -> Iterator[Misread]:
    """No site's scripts may reach the confirm page: its second step is a person's alone (§ 7028(a))."""
    services = [(path, part) for path, part in parts.items() if isinstance(part, Service)]
    for path, service in services:
        own = origin_of(urlsplit(service.public_url))
        sites = [
            place[-1] for place, part in parts.items() if isinstance(part, SiteFacts) and own in part.origins
        ]
        if sites:
            named = ", ".join(repr(site) for site in sites)
            message = (
                f"{own} is an origin of {named} too; the service needs one that no site's scripts are on"
            )
            yield Misread((*path, "public_url"), message)


def _listeners(service: Service, _sites: Collection[str]) -> Iterator[Misread]:
    hosts = {read_address(host) or host for host in (service.host, service.metrics_host)}
    everywhere = any(not isinstance(host, str) and is_unspecified(host) for host in hosts)
    if service.port == service.metrics_port and (len(hosts) == 1 or everywhere):
        yield Misread(("metrics_port",), "is the service's own port; metrics have a listener of their own")


def _trusted_proxies(service: Service, _sites: Collection[str]) -> Iterator[Misread]:
    """Whoever is trusted says where a visitor calls from, so everybody may not be."""
    if hold_the_internet(read_network(text) for text in service.trusted_proxies):
        message = "together they would trust whoever connects: name the proxies themselves"
        yield Misread(("trusted_proxies",), message)


def _geo(parts: Mapping[Path, object]) -> Iterator[Misread]:
    """Yield faults of `[geo]`: headers that name places count only from a trusted proxy."""
    service = next((part for part in parts.values() if isinstance(part, Service)), None)
    for path, geo in parts.items():
        if not isinstance(geo, Geo):
            continue
        if geo.proxy and (geo.country_header or geo.region_header):
            yield Misread((*path, "proxy"), "name the proxy or the headers, not both")
        if geo.region_header and not geo.country_header:
            yield Misread((*path, "region_header"), "says nothing without country_header")
        if (geo.proxy or geo.country_header) and service and not service.trusted_proxies:
            key = "proxy" if geo.proxy else "country_header"
            yield Misread((*path, key), "counts only from service.trusted_proxies, and there are none")


def _blocked_hosts(parts: Mapping[Path, object]) -> Iterator[Misread]:
    """Yield faults of partners' domains: one that covers the site or the service would be held from the page."""
    urls = [part.public_url for part in parts.values() if isinstance(part, Service)]
    for path, partner in parts.items():
        if not isinstance(partner, PartnerFacts) or partner.when_denied != "block":
            continue
        sites = [parts.get(("sites", key)) for key in partner.sites]
        own = [origin for site in sites if isinstance(site, SiteFacts) for origin in site.origins]
        for place, domain in enumerate(partner.domains):
            covered = [url for url in (*own, *urls) if is_below(urlsplit(url).hostname or "", domain)]
            if covered:
                yield Misread((*path, "domains", place), f"covers {covered[0]}, which is no partner's")
            elif is_registry(domain):
                said = f"is a registry's, not the partner's: it covers every site below {domain}"
                yield Misread((*path, "domains", place), said)


def _origins(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    for place, origin in enumerate(site.origins):
        if origin in site.origins[:place]:
            yield Misread(("origins", place), f"{origin} stands here twice")


def _cookie_domain(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    """A browser drops a cookie whose Domain is not the page's host or its parent (RFC 6265 section 5.3)."""
    if site.cookie_domain is None:
        return
    if is_public_suffix(site.cookie_domain):
        yield Misread(
            ("cookie_domain",),
            f"anybody can have a name below {site.cookie_domain}, so browsers drop a cookie for it: name your own "
            "domain, or leave cookie_domain out",
        )
        return
    for origin in site.origins:
        host, drop = (
            urlsplit(origin).hostname or "",
            f"browsers on {origin} would drop a cookie for this domain",
        )
        if not is_below(host, site.cookie_domain):
            yield Misread(("cookie_domain",), drop)
        elif "." not in site.cookie_domain and host != site.cookie_domain:
            # A name that their list does not know counts as a public suffix, unless it is the page's own host.
            yield Misread(("cookie_domain",), f"{drop}, because it has no dot; leave cookie_domain out")


def _first_party(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    for fault in first_party_faults(site):
        yield Misread(("first_party",), fault)


def _mspa(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    if site.mspa is not None and not any(code.startswith("us-") for code in site.regime_codes):
        yield Misread(("mspa",), "is about US states, and the site names none as regime")


def _disclosures(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    for place, disclosure in enumerate(site.disclosures):
        if disclosure.sold_to and not site.sells:
            yield Misread(("disclosures", place, "sold_to"), "the site says sells = false")
        if disclosure.shared_to and not site.shares:
            yield Misread(("disclosures", place, "shared_to"), "the site says shares = false")


def _incentives(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    owners: dict[int, str] = {}
    for key, number in site.incentives.items():
        if owners.setdefault(number, key) != key:
            yield Misread(("incentives", key), f"number {number} is {owners[number]!r} already")


def _langs(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    if site.lang not in site.langs:
        yield Misread(("lang",), f"{site.lang!r} is not among langs ({', '.join(site.langs)})")
    for place, lang in enumerate(site.langs):
        missing = texts.keys() - texts.words(lang, site.texts).keys()
        if missing:
            named = ", ".join(sorted(missing))
            yield Misread(("langs", place), f"no words in {lang!r}; add texts.{lang} with {named}")


def _texts(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    for lang, table in site.texts.items():
        for key in table.keys() - texts.keys():
            yield Misread(("texts", lang, key), unknown(key, texts.keys()))
        if lang not in site.langs:
            yield Misread(("texts", lang), f"{lang!r} is not among langs ({', '.join(site.langs)})")
        # CCPA regs § 7015(b): the title of the alternative link is given to the letter.
        title = table.get("link")
        if lang.startswith("en") and title is not None and title not in _LINK_TITLES:
            yield Misread(("texts", lang, "link"), f"the law gives its title: {' or '.join(_LINK_TITLES)}")


def _prior_cookies(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    for place, prior in enumerate(site.prior_cookies):
        if not any((*prior.groups, prior.pattern, prior.id)):
            yield Misread(
                ("prior_cookies", place),
                "give the ids that mean sale and sharing (sale_share), a pattern of an opt-out, or a pattern of the "
                "id that an import names",
            )
        if prior.sensitive and not site.sensitive:
            yield Misread(("prior_cookies", place, "sensitive"), _NOT_SENSITIVE)


def _prior_groups(site: SiteFacts, _sites: Collection[str]) -> Iterator[Misread]:
    for tool, named in site.prior_groups.items():
        path, shape = ("prior_groups", tool), PRESETS[tool].groups
        if tool not in site.prior_cmp:
            yield Misread(path, f"is read only where prior_cmp names {tool!r}")
        elif not shape:
            yield Misread(path, f"{tool} has no groups of a site's own: they are the same on every site")
        elif not any(named.groups):
            yield Misread(path, "give the ids that mean sale and sharing (sale_share), or sensitive")
        for key, ids in named.groups._asdict().items():
            for place, group in enumerate(ids):
                if shape and not re.fullmatch(shape, group):
                    yield Misread((*path, key, place), f"is no id of a group of {tool}: wanted {shape}")
        if named.sensitive and not site.sensitive:
            yield Misread((*path, "sensitive"), _NOT_SENSITIVE)


def _known_sites(partner: PartnerFacts, sites: Collection[str]) -> Iterator[Misread]:
    for place, site in enumerate(partner.sites):
        if site not in sites:
            yield Misread(("sites", place), no_such_site(site, sites))


def _restrictions(parts: Mapping[Path, object]) -> Iterator[Misread]:
    """A partner that is not blocked is restricted by somebody."""
    sites = sites_among(parts)
    for path, part in parts.items():
        if isinstance(part, PartnerFacts):
            for fault in restriction_faults(part, sites):
                yield Misread((*path, *fault.path), fault.message)


def _tags(tags: TagFacts, _sites: Collection[str]) -> Iterator[Misread]:
    return tag_faults(tags)


_Rule = Callable[[Any, Collection[str]], Iterator[Misread]]
_RULES: Final[Mapping[type, tuple[_Rule, ...]]] = {
    Service: (_listeners, _trusted_proxies),
    SiteFacts: (
        *(_origins, _cookie_domain, _first_party, _mspa, _disclosures, _incentives, _langs, _texts),
        *(_prior_cookies, _prior_groups),
    ),
    TagFacts: (_tags,),
    PartnerFacts: (_known_sites,),
}
