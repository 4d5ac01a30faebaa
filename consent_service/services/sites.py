"""Sites: the part of the configuration that enters answers. Knows nothing of files or HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from consent_service import texts
from consent_service.config import Config, Geo, SiteFacts
from consent_service.domain.flags import FlagTerms
from consent_service.domain.regimes import Regime, regime_code_at, regime_on, rows_from
from consent_service.domain.resolution import Resolution
from consent_service.domain.strings import Mspa, Strings, StringTerms, strings_of
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location

_REMEMBERED: Final = 1000

NO_SUCH_SITE: Final = "no site has this key; it is the name of its table in consent.toml"
"""Message for a key that is none of the configured sites'."""


class StringMemo:
    """Bounded memo of the strings for partners: making one takes longer than a cached flag."""

    def __init__(self) -> None:
        self._strings_of = lru_cache(maxsize=_REMEMBERED)(strings_of)

    def of(self, terms: StringTerms, regimes: tuple[Regime, ...], resolution: Resolution) -> Strings:
        """Return the strings of an outcome."""
        return self._strings_of(terms, regimes, resolution)

    @property
    def remembered(self) -> int:
        """Number of strings remembered."""
        return self._strings_of.cache_info().currsize


@dataclass(frozen=True, slots=True)
class Site:
    """One web property. `regime_codes`: its own first, then others that may bind its visitors. `incentives` maps a
    programme's id to its number (0-7).

    `texts`: every text that the site's visitors read, by language; `lang` is the default language.
    `home`: the first of the origins; `sensitive`: the site uses sensitive personal information.
    `placed`: the place of a call counts, so strings are for the one regime that binds there.
    `shares_cookie`: one cookie for all hosts of its cookie_domain, so that any of them can set it.
    """

    key: str
    name: str
    origins: frozenset[str]
    regime_codes: tuple[str, ...]
    terms: FlagTerms
    incentives: Mapping[str, int] = field(default_factory=dict)
    lang: str = "en"
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    home: str = ""
    sensitive: bool = False
    placed: bool = False
    shares_cookie: bool = False
    string_memo: StringMemo = field(default_factory=StringMemo, compare=False, repr=False)

    def host_only_cookie(self, origin: str | None) -> bool:
        """Return True if pages of this origin trust only a cookie that no other host can set (`__Host-`).

        Browsers take no such cookie over plain http. A call without an origin counts as one from `home`.
        """
        return not self.shares_cookie and not (origin or self.home).startswith("http:")

    def regime(self, now: int, place: Location = UNKNOWN_LOCATION) -> Regime:
        """Return the row in force at this moment of the regime that binds at this place."""
        return regime_on(regime_code_at(place, self.regime_codes), datetime.fromtimestamp(now, UTC).date())

    def regimes(self, now: int) -> tuple[Regime, ...]:
        """Return the rows of every regime that the site configures."""
        day = datetime.fromtimestamp(now, UTC).date()
        return tuple(regime_on(code, day) for code in self.regime_codes)

    def binding(self, now: int) -> tuple[Regime, ...]:
        """Return the rows of every regime of the site, in force now or later: a choice is judged under each."""
        return rows_from(self.regime_codes, datetime.fromtimestamp(now, UTC).date())

    def strings(self, regime: Regime, resolution: Resolution, now: int) -> Strings:
        """Return the strings for the flag. They speak for every regime that may bind the visitor."""
        # Without places every regime of the site may be the visitor's, so the strings speak for each.
        others: tuple[Regime, ...] = ()
        if not self.placed:
            others = tuple(other for other in self.regimes(now) if other.code != regime.code)
        return self.string_memo.of(self.terms.strings, (regime, *others), resolution)


def site_of(key: str, facts: SiteFacts, config: Config) -> Site:
    """Return the site with this key, from its facts in the configuration."""
    terms = FlagTerms(key, string_terms(facts), config.flag.max_age)
    words = {lang: texts.words(lang, facts.texts) for lang in facts.langs}
    return Site(
        key,
        facts.name,
        frozenset(facts.origins),
        facts.regime_codes,
        terms,
        facts.incentives,
        facts.lang,
        words,
        facts.origins[0],
        facts.sensitive,
        placed=config.geo != Geo(),
        shares_cookie=facts.cookie_domain is not None,
    )


def string_terms(facts: SiteFacts) -> StringTerms:
    """Return the facts of the site that enter the strings for its partners."""
    mspa = facts.mspa
    signed = None if mspa is None else Mspa(mspa.mode == "service_provider", mspa.approach == "national")
    return StringTerms(facts.sells, facts.shares, facts.sensitive, facts.notice_shown, signed)
