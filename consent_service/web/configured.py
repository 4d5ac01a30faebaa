"""Sites as the configuration has them: for the use cases, the ways they have to the service, and their scripts."""

from __future__ import annotations

from urllib.parse import urlsplit

from consent_service import resources, texts
from consent_service.config import Config, Geo, SiteFacts
from consent_service.config.first_party import FirstParty, first_party
from consent_service.domain.flags import FlagTerms
from consent_service.services.sites import Site, string_terms
from consent_service.web.public import blocked_domains, optional_facts, rule_of, spoken_facts
from consent_service.web.script import Script, build
from consent_service.web.tags import tags_of


def site_of(key: str, facts: SiteFacts, config: Config) -> Site:
    """The site as the use cases see it."""
    terms = FlagTerms(key, string_terms(facts), config.flag.max_age)
    said = {lang: texts.words(lang, facts.texts) for lang in facts.langs}
    return Site(
        key,
        facts.name,
        frozenset(facts.origins),
        facts.regime_codes,
        terms,
        facts.incentives,
        facts.lang,
        said,
        facts.origins[0],
        facts.sensitive,
        placed=config.geo != Geo(),
        shares_cookie=facts.cookie_domain is not None,
    )


def ways_of(config: Config) -> dict[str, FirstParty]:
    """The sites that have a way of their own to the service."""
    found = {key: first_party(facts, config.service.public_url) for key, facts in config.sites.items()}
    return {key: way for key, way in found.items() if way is not None}


def script_of(config: Config, key: str, now: int) -> Script:
    """The site's script and stub, from its public facts alone."""
    facts = config.sites[key]
    site = site_of(key, facts, config)
    rule = rule_of(site, facts, now)
    partners = [partner for partner in config.partners.values() if key in partner.sites]
    way = first_party(facts, config.service.public_url)
    public = {
        "rule": rule,
        "service": config.service.public_url.rstrip("/"),
        "cookie_domain": facts.cookie_domain,
        **({"api": way.address, "credentials": "include"} if way else {}),
        "frictionless": facts.frictionless,
        "link": facts.link,
        "lang": facts.lang.lower(),
        **spoken_facts(site, now),
        **optional_facts(facts, partners),
    }
    words = {
        lang.lower(): texts.of_view(said, sensitive=facts.sensitive) for lang, said in site.texts.items()
    }
    behind = {"guard": blocked_domains(partners), "tags": tags_of(facts.tags)}
    return build(
        resources.widget_folder(),
        public,
        rule,
        words,
        behind=behind,
        debug=facts.debug,
    )


def origin_of(url: str) -> str:
    """Scheme and authority of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
