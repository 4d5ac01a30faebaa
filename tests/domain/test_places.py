"""The regime of a site that binds a visitor, by the place where they seem to be."""

from __future__ import annotations

import pytest

from consent_service.domain.places import NOWHERE, Place, place_of, regime_code_at

CODES = ("us-ca", "us-co", "elsewhere")


@pytest.mark.parametrize(
    ("country", "region", "place"),
    [
        ("US", "CA", Place("US", "CA")),
        (" us ", "co", Place("US", "CO")),
        ("DE", "09", Place("DE", "09")),
        ("GB", "ENG", Place("GB", "ENG")),
        ("US", None, Place("US", None)),
        ("US", "California", Place("US", None)),
        ("US", "C-A", Place("US", None)),
        ("US", "", Place("US", None)),
        *((country, "CA", NOWHERE) for country in (None, "", "XX", "ZZ", "T1", "USA", "?", "Ü1", "ÄÖ")),
    ],
)
def test_what_somebody_said_becomes_a_place_or_nowhere(
    country: str | None, region: str | None, place: Place
) -> None:
    assert place_of(country, region) == place


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (Place("US", "CA"), "us-ca"),
        (Place("US", "CO"), "us-co"),
        (Place("US", "TX"), "us-ca"),
        (Place("US", None), "us-ca"),
        (Place("DE", "BY"), "elsewhere"),
        (Place("DE", "CA"), "elsewhere"),
        (NOWHERE, "us-ca"),
    ],
)
def test_the_regime_follows_the_place_as_far_as_the_site_configures_one(place: Place, code: str) -> None:
    assert regime_code_at(place, CODES) == code


def test_a_site_without_a_regime_for_the_rest_of_the_world_treats_it_as_its_own() -> None:
    assert regime_code_at(Place("DE", None), ("us-co",)) == "us-co"
    assert regime_code_at(Place("US", "CA"), ("elsewhere",)) == "elsewhere"
