"""Location of a visitor: country and region.

Knows nothing of headers, addresses or databases. `regimes.regime_code_at` says which regime applies there.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Location(NamedTuple):
    """Location of a visitor: country (ISO 3166-1 alpha-2) and region (ISO 3166-2 without the country).

    None means unknown.
    """

    country: str | None = None
    region: str | None = None


UNKNOWN_LOCATION: Final = Location()

_UNKNOWN: Final = frozenset({"XX", "ZZ"})


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
