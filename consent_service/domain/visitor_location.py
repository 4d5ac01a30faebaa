"""Location of a visitor, and the site's regime that applies there.

Knows nothing of headers, addresses or databases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from consent_service.domain.regimes import ELSEWHERE

UNITED_STATES: Final = "US"


class Location(NamedTuple):
    """Location of a visitor: country (ISO 3166-1 alpha-2) and region (ISO 3166-2 without the country).

    None means unknown.
    """

    country: str | None = None
    region: str | None = None


UNKNOWN_LOCATION: Final = Location()


def location_of(country: str | None, region: str | None) -> Location:
    """Return the location that a header or database names.

    A country has two letters, a region one to three letters or digits; anything else is unknown. `XX`, `ZZ`,
    `T1` and the like are the codes that networks send for an unknown country.
    """
    country = (country or "").strip().upper()
    region = (region or "").strip().upper()
    if len(country) != 2 or not (country.isascii() and country.isalpha()) or country in _UNKNOWN:
        return UNKNOWN_LOCATION
    well_formed = 0 < len(region) <= 3 and region.isascii() and region.isalnum()
    return Location(country, region if well_formed else None)


def regime_code_at(location: Location, codes: Sequence[str]) -> str:
    """Return the code of the site's regime that applies at this location.

    `codes`: the site's regimes, its own first. A site without a regime for a location treats visitors from
    there as its own.
    """
    if location.country is None:
        return codes[0]
    code = ELSEWHERE.code
    if location.country == UNITED_STATES:
        code = f"us-{(location.region or '').lower()}"
    return code if code in codes else codes[0]


_UNKNOWN: Final = frozenset({"XX", "ZZ"})
