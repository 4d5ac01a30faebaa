"""Site script: the script and the snippet of one site of the configuration."""

from __future__ import annotations

import time

from consent_service import resources, texts
from consent_service.config import Config
from consent_service.config.first_party import first_party
from consent_service.embed.script import BuiltScript, build
from consent_service.embed.site_configuration import blocked_domains, optional_facts, rule_of, string_facts
from consent_service.embed.snippet import Embed
from consent_service.embed.tag_facts import tags_of
from consent_service.services.sites import site_of


def script_of(config: Config, key: str, now: int) -> BuiltScript:
    """Return the site's script and stub, made from its public facts alone. `now`: Unix seconds."""
    facts = config.sites[key]
    site = site_of(key, facts, config)
    rule = rule_of(site, facts, now)
    partners = [partner for partner in config.partners.values() if key in partner.sites]
    way = first_party(facts, config.service.public_url)
    configuration = {
        "rule": rule,
        "service": config.service.public_url.rstrip("/"),
        "cookie_domain": facts.cookie_domain,
        **({"api": way.address, "credentials": "include"} if way else {}),
        "frictionless": facts.frictionless,
        "link": facts.link,
        "lang": facts.lang.lower(),
        **string_facts(site, now),
        **optional_facts(facts, partners),
    }
    words = {
        lang.lower(): texts.of_view(said, sensitive=facts.sensitive) for lang, said in site.texts.items()
    }
    behind = {"guard": blocked_domains(partners), "tags": tags_of(facts.tags)}
    return build(
        resources.widget_folder(),
        configuration,
        rule,
        words,
        behind=behind,
        debug=facts.debug,
    )


def snippet_of(config: Config, key: str) -> Embed:
    """Return what the site embeds, as of now. Raises UnknownSite."""
    facts, public_url = config.require_site(key), config.service.public_url
    return Embed(key, script_of(config, key, int(time.time())), public_url, first_party(facts, public_url))
