"""Sites as the use cases see them: what of the configuration enters an answer.

Knows nothing of files or HTTP; `app.py` builds these from the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from consent_service.domain.flags import FlagTerms
from consent_service.domain.places import NOWHERE, Place, regime_code_at
from consent_service.domain.regimes import Regime, regime_on


@dataclass(frozen=True, slots=True)
class Site:
    """One web property. `regime_codes`: its own first, then others that may bind its visitors. `incentives` maps a
    programme's id to its number (0-7).

    `texts`: every word the site's visitors read, by language; `lang` is the one where nothing else is wanted.
    `home`: the first of the origins; `sensitive`: whether it uses sensitive personal information.
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

    def regime(self, now: int, place: Place = NOWHERE) -> Regime:
        """The row in force at this moment of the regime that binds at this place."""
        return regime_on(regime_code_at(place, self.regime_codes), datetime.fromtimestamp(now, UTC).date())

    def regimes(self, now: int) -> tuple[Regime, ...]:
        """The rows of every regime the site configures."""
        day = datetime.fromtimestamp(now, UTC).date()
        return tuple(regime_on(code, day) for code in self.regime_codes)
