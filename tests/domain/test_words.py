"""Words that stand in bodies, entries and records."""

from __future__ import annotations

import pytest

from consent_service.domain.words import AGE_BANDS, METHODS, AgeBand, Method, age_band


@pytest.mark.parametrize(
    ("years", "band"),
    [(0, "under_13"), (12, "under_13"), (13, "13_15"), (15, "13_15"), (16, "16_17"), (18, "18_plus")],
)  # fmt: skip
def test_an_age_falls_into_its_band(years: int, band: str) -> None:
    assert age_band(years) is AGE_BANDS[band]
    assert age_band(years).word == band


def test_every_method_and_band_has_one_word() -> None:
    assert METHODS["banner"] is Method.BANNER
    assert len(METHODS) == len(Method)
    assert len(AGE_BANDS) == len(AgeBand)
