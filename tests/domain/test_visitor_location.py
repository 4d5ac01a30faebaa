"""The regime of a site that binds a visitor, by the place where they seem to be."""

from __future__ import annotations

import pytest

from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location, location_of, regime_code_at

CODES = ("us-ca", "us-co", "elsewhere")


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


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (Location("US", "CA"), "us-ca"),
        (Location("US", "CO"), "us-co"),
        (Location("US", "TX"), "us-ca"),
        (Location("US", None), "us-ca"),
        (Location("DE", "BY"), "elsewhere"),
        (Location("DE", "CA"), "elsewhere"),
        (UNKNOWN_LOCATION, "us-ca"),
    ],
)
def test_the_regime_follows_the_place_as_far_as_the_site_configures_one(place: Location, code: str) -> None:
    assert regime_code_at(place, CODES) == code


def test_a_site_without_a_regime_for_the_rest_of_the_world_treats_it_as_its_own() -> None:
    assert regime_code_at(Location("DE", None), ("us-co",)) == "us-co"
    assert regime_code_at(Location("US", "CA"), ("elsewhere",)) == "elsewhere"
