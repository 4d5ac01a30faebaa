"""First party: the addresses at which a site's pages reach the service without leaving the site.

Two ways: the service on a host of the site's own domain, or a path of the site that a reverse proxy leads to
the service. Knows nothing of cookies, of HTTP, or of how the configuration was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from consent_service.addresses import read_address
from consent_service.config.schema import SiteFacts

_PLAIN_PATH: Final = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
"""It stands in policies, in web servers' configurations and in the script."""


@dataclass(frozen=True, slots=True)
class FirstParty:
    """The site's own way to the service: script, flag, signals and choices are there; pages never are.

    `address` has no slash at the end. `cookie_domain` None: the cookie belongs to `host` alone.
    """

    address: str
    host: str
    cookie_domain: str | None
    secure: bool
    on_site: bool
    """True if it is a path of one of the site's origins: the site's own server leads there."""

    @property
    def host_only_cookie(self) -> bool:
        """True if the cookie has the prefix that keeps other hosts from setting it."""
        return self.secure and self.cookie_domain is None


def first_party(site: SiteFacts, public_url: str) -> FirstParty | None:
    """Return the site's own way to the service, or None.

    It is the configured one, or the service itself if that is on the site's domain.
    """
    address = site.first_party
    if address is None and _shares_domain(site, urlsplit(public_url)):
        address = public_url
    if address is None:
        return None
    parts = urlsplit(address)
    on_site = origin_of(parts) in site.origins
    return FirstParty(address, parts.netloc, site.cookie_domain, parts.scheme == "https", on_site)


def ways_of(sites: Mapping[str, SiteFacts], public_url: str) -> dict[str, FirstParty]:
    """Return the first-party way of each site that has one, by the site's key."""
    ways = {key: first_party(facts, public_url) for key, facts in sites.items()}
    return {key: way for key, way in ways.items() if way is not None}


def first_party_faults(site: SiteFacts) -> Iterator[str]:
    """Yield the reason why `first_party` is no way of this site's own."""
    if site.first_party is None:
        return
    parts = urlsplit(site.first_party)
    origins = [urlsplit(origin) for origin in site.origins]
    if {parts.scheme} != {origin.scheme for origin in origins}:
        yield f"every origin of the site must be {parts.scheme} too: a cookie is either Secure or not"
    if origin_of(parts) in site.origins:
        if not parts.path:
            yield 'needs a path, such as "/privacy": at this address the site itself answers'
    elif not is_below(parts.hostname or "", site.cookie_domain):
        yield "wanted one of the site's origins and a path, or a host below the site's cookie_domain"
    if not _PLAIN_PATH.fullmatch(parts.path):
        yield "the path may have letters, digits, - . _ ~ and / in it, and no segment begins with a dot"
    if site.cookie_domain is None and len({origin.hostname for origin in origins}) > 1:
        yield "pages on several hosts need a cookie_domain to share one cookie"


def origin_of(parts: SplitResult) -> str:
    """Return scheme and authority."""
    return f"{parts.scheme}://{parts.netloc}"


def is_below(host: str, domain: str | None) -> bool:
    """Return True if a cookie for this domain reaches the host and may be set from it (RFC 6265 section 5.1.3)."""
    if domain is None or host == domain:
        return domain is not None
    return host.endswith(f".{domain}") and read_address(host) is None


def _shares_domain(site: SiteFacts, public: SplitResult) -> bool:
    schemes = {urlsplit(origin).scheme for origin in site.origins}
    return is_below(public.hostname or "", site.cookie_domain) and schemes == {public.scheme}
