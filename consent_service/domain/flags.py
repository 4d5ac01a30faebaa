"""The flag: a resolution in the words of the public contract."""

from __future__ import annotations

from typing import Final

import msgspec

from consent_service.domain.resolution import Resolution
from consent_service.domain.strings import Strings, StringTerms
from consent_service.domain.words import Basis

UNAVAILABLE_MAX_AGE: Final = 0
"""An answer given in doubt is never kept."""


class FlagTerms(msgspec.Struct, frozen=True):
    """Settings of a site that enter its flags. `max_age` is in seconds."""

    site: str
    strings: StringTerms = StringTerms()
    max_age: int = 300


class Flag(msgspec.Struct, frozen=True):
    """Answer to "may I sell or share this visitor's data?". `as_of` is RFC 3339 UTC to the second.

    `gpp_sid`: ids of the GPP sections that apply, or [-1] if none does.
    """

    site: str
    sale: str
    share: str
    sensitive: str
    basis: str
    gpc: bool
    gpp: str
    gpp_sid: tuple[int, ...]
    us_privacy: str
    as_of: str
    max_age: int


def flag_of(terms: FlagTerms, strings: Strings, resolution: Resolution, as_of: str) -> Flag:
    """Return the flag for a resolution under this site's terms, with matching GPP and US Privacy strings."""
    return Flag(
        site=terms.site,
        sale=resolution.sale.answer.value,
        share=resolution.share.answer.value,
        sensitive=resolution.sensitive.answer.value,
        basis=resolution.basis.value,
        gpc=resolution.gpc,
        gpp=strings.gpp,
        gpp_sid=strings.gpp_sid,
        us_privacy=strings.us_privacy,
        as_of=as_of,
        max_age=UNAVAILABLE_MAX_AGE if resolution.basis is Basis.UNAVAILABLE else terms.max_age,
    )
