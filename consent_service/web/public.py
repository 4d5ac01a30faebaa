"""What a site's visitors get of its configuration: facts that stub and script are made with, and nothing else.

Pure. Names are those of the widget's `protocol.ts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from consent_service.config import PartnerFacts, SiteFacts
from consent_service.config.prior_cmp import PRESETS, PriorCookie
from consent_service.domain.regimes import defaults, strictest_defaults
from consent_service.domain.resolution import Resolution, Ruling
from consent_service.domain.strings import us_privacy_of
from consent_service.domain.words import Answer, Basis, Right
from consent_service.services.sites import Site

Json = dict[str, object]

_OUTCOMES: Final = (
    Ruling(Answer.ALLOWED, Basis.DEFAULT),
    Ruling(Answer.DENIED, Basis.DEFAULT),
    Ruling(Answer.DENIED, Basis.UNAVAILABLE),
)
_USUAL_STRINGS: Final = "1YNN1YYN1YYN"  # the page knows these by itself
_OURS: Final = "pc_"
_ANYTHING: Final = re.compile(r"(?:\\\*)+")


def rule_of(site: Site, facts: SiteFacts, now: int) -> Json:
    """What stub and script both must know in order to answer."""
    regimes = site.regimes(now)
    strictest = _letters(strictest_defaults(regimes))
    named = ((regime.code, _letters(defaults(regime))) for regime in regimes)
    others = [f"{code}:{letters}" for code, letters in named if letters != strictest]
    strings = _us_privacy(site, now)
    cookies = "|".join(dict.fromkeys(re.escape(prior.cookie) for prior in _prior(facts)))
    rule: Json = {"s": site.key, "d": " ".join([strictest, *others])}
    if strings != _USUAL_STRINGS:
        rule["u"] = strings
    if cookies:
        rule["p"] = f"({cookies})="
    return rule


def optional_facts(facts: SiteFacts, partners: Iterable[PartnerFacts]) -> Json:
    """What only some sites ask for. `partners` are the site's."""
    traces = [_traces(partner) for partner in partners if partner.cookies or partner.storage]
    asked: Json = {
        "prior": _prior(facts),
        "traces": traces,
        "reload": facts.reload_on_opt_out,
        "look": facts.look if facts.look != "bar" else "",
        "sensitive": facts.sensitive,
    }
    return {name: value for name, value in asked.items() if value}


def _prior(facts: SiteFacts) -> list[PriorCookie]:
    own = [PriorCookie(entry.cookie, entry.pattern) for entry in facts.prior_cookies]
    return [*(PRESETS[name] for name in facts.prior_cmp), *own]


def _traces(partner: PartnerFacts) -> Json:
    named: Json = {"cookies": _anchored(partner.cookies), "storage": _anchored(partner.storage)}
    return {"rights": " ".join(partner.rights), **{kind: names for kind, names in named.items() if names}}


def _anchored(names: Iterable[str]) -> str:
    """A pattern over whole names that never matches one of ours, whatever stands in `names`."""
    patterns = "|".join(_ANYTHING.sub(".*", re.escape(name)) for name in names)
    return f"^(?!{_OURS})(?:{patterns})$" if patterns else ""


def _letters(answers: Mapping[Right, Answer]) -> str:
    return "".join(answers[right].value[0] for right in Right)


def _us_privacy(site: Site, now: int) -> str:
    """The site's US Privacy strings for sale and sharing allowed, for either denied, and for doubt."""
    regime = site.regime(now)
    said = (Resolution(one, one, one, gpc=False) for one in _OUTCOMES)
    return "".join(us_privacy_of(site.terms.strings, regime, resolution) for resolution in said)
