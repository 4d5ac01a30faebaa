"""The record: a standing with the number that entries bear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.domain.signals import Sources
from consent_service.domain.standing import Choice, Standing, StandingUnreadable
from consent_service.domain.visitor_record import (
    SUBJECT_BYTES,
    VisitorRecord,
    pack_record,
    standing_in,
    unpack_record,
)
from consent_service.domain.words import AgeBand, Method, Stance

from .strategies import standings

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
