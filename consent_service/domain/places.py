"""Places: which of a site's regimes binds a visitor, given where they seem to be.

Knows nothing of headers, addresses or databases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from consent_service.domain.regimes import ELSEWHERE

UNITED_STATES: Final = "US"


class Place(NamedTuple):
    """Country (ISO 3166-1 alpha-2) and region within it (ISO 3166-2, without the country); None = not known."""

    country: str | None = None
    region: str | None = None


NOWHERE: Final = Place()


def place_of(country: str | None, region: str | None) -> Place:
    """A place from what somebody said: two letters, one to three letters or digits; anything else is not known.

    `XX`, `ZZ`, `T1` and the like are what networks say when they don't know.
    """
    country = (country or "").strip().upper()
    region = (region or "").strip().upper()
    if len(country) != 2 or not (country.isascii() and country.isalpha()) or country in _UNKNOWN:
        return NOWHERE
    known = 0 < len(region) <= 3 and region.isascii() and region.isalnum()
    return Place(country, region if known else None)


def regime_code_at(place: Place, codes: Sequence[str]) -> str:
    """Of the site's regimes, its own first, the one that binds at this place; its own where none is meant for it.

    A site that configures no regime for a place treats visitors from there as its own.
    """
    if place.country is None:
        return codes[0]
    wanted = ELSEWHERE.code
    if place.country == UNITED_STATES:
        wanted = f"us-{(place.region or '').lower()}"
    return wanted if wanted in codes else codes[0]


_UNKNOWN: Final = frozenset({"XX", "ZZ"})
