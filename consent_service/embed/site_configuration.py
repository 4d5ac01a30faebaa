"""Site configuration: the facts of a site that stub and script are made with, and nothing else. They are public.

Pure. Names are those of the widget's `protocol.ts`. The strings that partners read are in `string_tables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from consent_service.config import PartnerFacts, SiteFacts
from consent_service.domain.regimes import default_answers, strictest_defaults
from consent_service.embed.string_tables import doubt, layouts, letters_of, outcomes, us_privacy_table
from consent_service.public_contract import COOKIE_PREFIX
from consent_service.services.sites import Site

Json = dict[str, object]

_OURS: Final = "(?:__Host-)?pc_|usprivacy$|__gpp(?:_sid)?$"
_ANYTHING: Final = re.compile(r"\*+")


def rule_of(site: Site, facts: SiteFacts, now: int) -> Json:
    """Return the rule that stub and script need in order to answer."""
    regimes = site.regimes(now)
    strictest = letters_of(strictest_defaults(regimes))
    named = ((regime.code, letters_of(default_answers(regime))) for regime in regimes)
    others = {code: letters for code, letters in named if letters != strictest}
    read = [reading.cookie for reading in facts.prior_readings]
    theirs = dict.fromkeys([*read, *dict(facts.id_patterns)])
    rule: Json = {
        "s": site.key,
        "d": strictest,
        "r": others,
        "u": us_privacy_table(site, now),
        "g": doubt(site, now),
        "m": max(1, site.terms.max_age),
        "p": _on_record(site.key, theirs),
    }
    if not site.shares_cookie:
        rule["h"] = 1
    return rule


def _on_record(site: str, theirs: Iterable[str]) -> str:
    """The pattern of what a page's cookies say of a visitor, ours and those of other consent tools.

    Its groups are the prefix of our cookie's name, the letters, basis, marks, as_of and max_age of its text, which
    are missing where it can't be read, and the name of another tool's cookie. The end of the text is the last
    match: by it the reader knows that all was read.
    """
    text = r"1\.([ad]{3})\.(\w+)\.([0-3])\.(\d{10})\.(\d+)\.[\w.-]*(?![^;])"
    ours = f"(?:^|; )(__Host-|-)?{COOKIE_PREFIX}{site}=(?:{text})?"
    names = "|".join(map(re.escape, theirs))
    return f"{ours}|({names})=|$" if names else f"{ours}|$"


def string_facts(site: Site, now: int) -> Json:
    """Return the strings for answers that the page knows by itself."""
    return {"strings": outcomes(site, now), "sections": layouts(site, now)}


def optional_facts(facts: SiteFacts, partners: Iterable[PartnerFacts]) -> Json:
    """Return the facts that only some sites need. `partners` are the site's."""
    traces = [_traces(partner) for partner in partners if partner.cookies or partner.storage]
    asked: Json = {
        "prior": [reading.as_page_value() for reading in facts.prior_readings],
        "prior_ids": facts.id_patterns,
        "traces": traces,
        "reload": facts.reload_on_opt_out,
        "look": facts.look if facts.look != "bar" else "",
        "sensitive": facts.sensitive,
        "no_string_cookies": not facts.string_cookies,
    }
    return {name: value for name, value in asked.items() if value}


def blocked_domains(partners: Iterable[PartnerFacts]) -> list[list[str]]:
    """Each domain of a partner that is blocked while denied, and the rights that it needs. `partners`: the site's."""
    blocked = (partner for partner in partners if partner.when_denied == "block")
    return [[re.escape(domain), *partner.rights] for partner in blocked for domain in partner.domains]


def _traces(partner: PartnerFacts) -> Json:
    named: Json = {"cookies": _anchored(partner.cookies), "storage": _anchored(partner.storage)}
    return {"rights": " ".join(partner.rights), **{kind: names for kind, names in named.items() if names}}


def _anchored(names: Iterable[str]) -> str:
    """A pattern over whole names that never matches one of ours, whatever stands in `names`."""
    patterns = "|".join(map(_pattern, names))
    return f"^(?!{_OURS})(?:{patterns})$" if patterns else ""


def _pattern(name: str) -> str:
    """A pattern over one whole name, in which `*` stands for anything.

    What stands between two `*` is taken where it first occurs: tried at every place, a long name, which any script
    of the page can make, would take time by the square of its length.
    """
    first, *others = map(re.escape, _ANYTHING.split(name))
    between = "".join(f"(?:(?!{part}).)*{part}" for part in others[:-1])
    return f"{first}{between}.*{others[-1]}" if others else first
