"""Sites as the use cases see them: what of the configuration enters an answer.

Knows nothing of files or HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from consent_service import texts
from consent_service.config import Config, Geo, SiteFacts
from consent_service.domain.flags import FlagTerms
from consent_service.domain.regimes import Regime, regime_on, rows_from
from consent_service.domain.resolution import Resolution
from consent_service.domain.strings import Mspa, Strings, StringTerms, strings_of
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location, regime_code_at

_REMEMBERED: Final = 1000


class SpokenStrings:
    """The strings of outcomes, remembered: making one takes longer than a cached flag does."""

    def __init__(self) -> None:
        self._strings_of = lru_cache(maxsize=_REMEMBERED)(strings_of)

    def of(self, terms: StringTerms, regimes: tuple[Regime, ...], resolution: Resolution) -> Strings:
        return self._strings_of(terms, regimes, resolution)

    @property
    def remembered(self) -> int:
        return self._strings_of.cache_info().currsize


@dataclass(frozen=True, slots=True)
class Site:
    """One web property. `regime_codes`: its own first, then others that may bind its visitors. `incentives` maps a
    programme's id to its number (0-7).

    `texts`: every word the site's visitors read, by language; `lang` is the one where nothing else is wanted.
    `home`: the first of the origins; `sensitive`: whether it uses sensitive personal information.
    `placed`: the place of a call is looked at, so strings speak for the one regime that binds there.
    `shares_cookie`: its pages' hosts, and every other below that domain, set one cookie.
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
    spoken: SpokenStrings = field(default_factory=SpokenStrings, compare=False, repr=False)

    def host_only_cookie(self, origin: str | None) -> bool:
        """Return whether pages of this origin take their own host's cookie alone for theirs.

        On plain http browsers know no such cookie. A call without an origin is as one of the first.
        """
        return not self.shares_cookie and not (origin or self.home).startswith("http:")

    def regime(self, now: int, place: Location = UNKNOWN_LOCATION) -> Regime:
        """The row in force at this moment of the regime that binds at this place."""
        return regime_on(regime_code_at(place, self.regime_codes), datetime.fromtimestamp(now, UTC).date())

    def regimes(self, now: int) -> tuple[Regime, ...]:
        """The rows of every regime the site configures."""
        day = datetime.fromtimestamp(now, UTC).date()
        return tuple(regime_on(code, day) for code in self.regime_codes)

    def binding(self, now: int) -> tuple[Regime, ...]:
        """The rows of every regime the site configures, in force now or later: a choice is judged under each."""
        return rows_from(self.regime_codes, datetime.fromtimestamp(now, UTC).date())

    def strings(self, regime: Regime, resolution: Resolution, now: int) -> Strings:
        """Return the strings for the flag. They speak for every regime that may bind the visitor."""
        others: tuple[Regime, ...] = ()
        if not self.placed:
            others = tuple(other for other in self.regimes(now) if other.code != regime.code)
        return self.spoken.of(self.terms.strings, (regime, *others), resolution)


def site_of(key: str, facts: SiteFacts, config: Config) -> Site:
    """Return the site as the use cases see it, from the configuration."""
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
