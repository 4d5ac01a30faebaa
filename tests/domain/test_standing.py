"""The packed record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.domain.standing import SIZE, Standing, StandingUnreadable, pack, unpack
from consent_service.domain.words import AgeBand

from .strategies import standings


@given(standings())
def test_packing_and_unpacking_are_inverse(standing: Standing) -> None:
    assert unpack(pack(standing)) == standing


def test_a_parents_consent_survives_packing() -> None:
    child = Standing(age=AgeBand.UNDER_13, parental_consent=True, age_at=7)
    assert unpack(pack(child)) == child


def test_a_record_takes_at_most_44_bytes() -> None:
    assert len(pack(Standing())) == SIZE <= 44


@given(st.binary(max_size=2 * SIZE))
def test_bytes_that_are_no_standing_raise_only_the_modules_own_error(data: bytes) -> None:
    try:
        standing = unpack(data)
    except StandingUnreadable:
        return
    assert pack(standing)[:1] == data[:1]


def test_another_format_is_not_guessed_at() -> None:
    data = bytearray(pack(Standing()))
    data[0] = 2
    with pytest.raises(StandingUnreadable, match="format 2"):
        unpack(bytes(data))
