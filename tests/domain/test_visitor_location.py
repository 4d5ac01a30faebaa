"""The place that a header or database names."""

from __future__ import annotations

import pytest

from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location, location_of


@pytest.mark.parametrize(
    ("country", "region", "place"),
    [
        ("US", "CA", Location("US", "CA")),
        (" us ", "co", Location("US", "CO")),
        ("DE", "09", Location("DE", "09")),
        ("GB", "ENG", Location("GB", "ENG")),
        ("US", None, Location("US", None)),
        ("US", "California", Location("US", None)),
        ("US", "C-A", Location("US", None)),
        ("US", "", Location("US", None)),
        *(
            (country, "CA", UNKNOWN_LOCATION)
            for country in (None, "", "XX", "ZZ", "T1", "USA", "?", "Ü1", "ÄÖ")
        ),
    ],
)
def test_what_somebody_said_becomes_a_place_or_nowhere(
    country: str | None, region: str | None, place: Location
) -> None:
    assert location_of(country, region) == place
