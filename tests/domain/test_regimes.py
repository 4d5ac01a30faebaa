"""The table of regimes."""

from __future__ import annotations

from datetime import date

import pytest

from consent_service.domain.regimes import (
    ROWS,
    Model,
    default_answers,
    known_codes,
    regime_code_at,
    regime_on,
    rows_from,
    strictest_defaults,
)
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location
from consent_service.domain.words import AgeBand, Answer, Right

from .strategies import CALIFORNIA, COLORADO, ELSEWHERE

TODAY = date(2026, 11, 22)


def test_a_row_that_is_not_verified_denies_sensitive() -> None:
    for row in ROWS:
        assert row.verified or row.sensitive is Model.OPT_IN


def test_californias_row_has_the_facts_of_the_ccpa() -> None:
    assert default_answers(CALIFORNIA) == dict.fromkeys(Right, Answer.ALLOWED)
    assert (CALIFORNIA.opt_in_below, CALIFORNIA.parent_below, CALIFORNIA.gpp_section) == (16, 13, 8)
    clocks = CALIFORNIA.clocks
    assert (clocks.confirm_receipt_business_days, clocks.respond_days, clocks.extend_days) == (10, 45, 45)
    assert (clocks.opt_out_business_days, clocks.reask_months, clocks.records_months) == (15, 12, 24)


def test_the_row_in_force_depends_on_the_day() -> None:
    assert not regime_on("us-ca", date(2025, 12, 31)).show_status
    assert regime_on("us-ca", date(2026, 1, 1)).show_status


def test_rows_that_come_into_force_later_bind_a_choice_too() -> None:
    before = date(2025, 12, 31)
    assert [row.show_status for row in rows_from(("us-ca",), before)] == [False, True]
    assert rows_from(("us-ca", "elsewhere"), TODAY) == (CALIFORNIA, ELSEWHERE)
    with pytest.raises(LookupError, match="no regime 'us-or' in force"):
        rows_from(("us-ca", "us-or"), before)


def test_outside_the_united_states_everything_needs_an_opt_in() -> None:
    assert default_answers(ELSEWHERE) == dict.fromkeys(Right, Answer.DENIED)
    assert not ELSEWHERE.us_privacy_applies


@pytest.mark.parametrize(("code", "day"), [("us-zz", TODAY), ("us-or", date(2025, 12, 31))])
def test_an_unknown_regime_or_one_not_yet_in_force_is_an_error(code: str, day: date) -> None:
    with pytest.raises(LookupError, match=code):
        regime_on(code, day)


def test_every_code_has_a_row_in_force_today() -> None:
    for code in known_codes():
        assert regime_on(code, TODAY).code == code


def test_the_strictest_default_is_taken_right_by_right() -> None:
    assert strictest_defaults([CALIFORNIA, COLORADO])[Right.SENSITIVE] is Answer.DENIED
    assert strictest_defaults([CALIFORNIA, COLORADO])[Right.SALE] is Answer.ALLOWED
    assert strictest_defaults([CALIFORNIA, ELSEWHERE])[Right.SALE] is Answer.DENIED


def test_a_band_counts_by_its_youngest_member() -> None:
    assert CALIFORNIA.is_minor(AgeBand.FROM_13_TO_15)
    assert not CALIFORNIA.is_minor(AgeBand.FROM_16_TO_17)
    assert COLORADO.is_minor(AgeBand.FROM_16_TO_17)
    assert not CALIFORNIA.is_minor(None)
    assert CALIFORNIA.needs_parent(AgeBand.UNDER_13)
    assert not CALIFORNIA.needs_parent(AgeBand.FROM_13_TO_15)
    assert not CALIFORNIA.needs_parent(None)


CODES = ("us-ca", "us-co", "elsewhere")


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
