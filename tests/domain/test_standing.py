"""The packed record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.domain.signals import Sources
from consent_service.domain.standing import (
    MOST_BYTES,
    SUBJECT_BYTES,
    Choice,
    Standing,
    StandingUnreadable,
    VisitorRecord,
    pack,
    pack_record,
    standing_in,
    unpack,
    unpack_record,
)
from consent_service.domain.words import AgeBand, Method, Stance

from .strategies import standings


@given(standings())
def test_packing_and_unpacking_are_inverse(standing: Standing) -> None:
    assert unpack(pack(standing)) == standing


def test_that_an_age_was_said_is_kept_without_the_age() -> None:
    assert unpack(pack(Standing(age_at=7))) == Standing(age_at=7)


def test_a_parents_consent_survives_packing() -> None:
    child = Standing(age=AgeBand.UNDER_13, parental_consent=True, age_at=7)
    assert unpack(pack(child)) == child


@given(standings())
def test_a_standing_is_never_longer_than_it_says(standing: Standing) -> None:
    assert len(pack(standing)) <= MOST_BYTES <= 44


def test_a_usual_standing_takes_only_what_it_holds() -> None:
    out = Choice(Stance.OPTED_OUT, method=Method.BANNER, at=7)
    assert len(pack(Standing())) == 2
    assert len(pack(Standing(sale=out, share=out))) == 8
    assert len(pack(Standing(sale=out, share=out._replace(at=8)))) == 14


@given(st.binary(max_size=2 * MOST_BYTES) | st.binary(max_size=MOST_BYTES).map(lambda rest: b"\x02" + rest))
def test_bytes_that_are_no_standing_raise_only_the_modules_own_error(data: bytes) -> None:
    try:
        standing = unpack(data)
    except StandingUnreadable:
        return
    assert unpack(pack(standing)) == standing


@given(standings(), st.integers(1, MOST_BYTES))
def test_a_standing_that_was_cut_off_is_not_read(standing: Standing, missing: int) -> None:
    with pytest.raises(StandingUnreadable):
        unpack(pack(standing)[:-missing])


def test_another_format_is_not_guessed_at() -> None:
    data = bytearray(pack(Standing()))
    data[0] = 1
    with pytest.raises(StandingUnreadable, match="format 1, 2 bytes; this version reads format 2"):
        unpack(bytes(data))


EMBEDDED = 44
"""Bytes of a value that Redis keeps inside its head."""
VERSION_BYTES = 1 + 7
"""Version in front of a value of a restored store: its counters have grown long."""

subjects = st.binary(min_size=SUBJECT_BYTES, max_size=SUBJECT_BYTES)


@given(standings(), subjects)
def test_packing_and_unpacking_a_record_are_inverse(standing: Standing, subject: bytes) -> None:
    data = pack_record(VisitorRecord(subject, standing))
    assert unpack_record(data) == VisitorRecord(subject, standing)
    assert standing_in(data) == standing


def test_a_usual_record_lies_inside_the_head_of_its_value() -> None:
    out = Choice(Stance.OPTED_OUT, method=Method.BANNER, at=7)
    usual = Standing(gpc=Sources.HEADER, gpc_at=5, sale=out, share=out, sensitive=out)
    assert len(pack_record(VisitorRecord(bytes(16), usual))) + VERSION_BYTES <= EMBEDDED
    minor = Standing(gpc=Sources.HEADER, gpc_at=5, sale=out, share=out, age=AgeBand.UNDER_13, age_at=7)
    assert len(pack_record(VisitorRecord(bytes(16), minor))) + VERSION_BYTES <= EMBEDDED


def test_a_number_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        pack_record(VisitorRecord(b"short", Standing()))


@pytest.mark.parametrize(
    "data", [b"", bytes(16), b"\x01" + bytes(37)], ids=["none", "short", "the old layout"]
)
def test_what_is_no_record_is_not_guessed_at(data: bytes) -> None:
    with pytest.raises(StandingUnreadable):
        unpack_record(data)
