"""The flag: a resolution said in the words of the public contract."""

from __future__ import annotations

from typing import Final

import msgspec

from consent_service.codecs import us_privacy
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution
from consent_service.domain.words import Basis

UNAVAILABLE_MAX_AGE: Final = 0
"""An answer given in doubt is never kept."""


class FlagTerms(msgspec.Struct, frozen=True):
    """What of a site enters its flags. `max_age` is in seconds."""

    site: str
    notice_shown: bool = True
    max_age: int = 300


class Flag(msgspec.Struct, frozen=True):
    """The answer to "may I sell or share this visitor's data?". `as_of` is RFC 3339 UTC to the second."""

    site: str
    sale: str
    share: str
    sensitive: str
    basis: str
    gpc: bool
    us_privacy: str
    as_of: str
    max_age: int


def flag_of(terms: FlagTerms, regime: Regime, resolution: Resolution, as_of: str) -> Flag:
    """The flag for a resolution under this site's terms."""
    return Flag(
        site=terms.site,
        sale=resolution.sale.answer.value,
        share=resolution.share.answer.value,
        sensitive=resolution.sensitive.answer.value,
        basis=resolution.basis.value,
        gpc=resolution.gpc,
        us_privacy=us_privacy_of(terms, regime, resolution),
        as_of=as_of,
        max_age=UNAVAILABLE_MAX_AGE if resolution.basis is Basis.UNAVAILABLE else terms.max_age,
    )


def us_privacy_of(terms: FlagTerms, regime: Regime, resolution: Resolution) -> str:
    """Opted out if sale or share is denied; "not applicable" only where the law is not and nothing is denied
    in doubt."""
    if not regime.us_privacy_applies and resolution.basis is not Basis.UNAVAILABLE:
        return us_privacy.NOT_APPLICABLE
    return us_privacy.encode(notice=terms.notice_shown, opted_out=resolution.opted_out)
