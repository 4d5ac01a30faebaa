"""Cursor texts: inverse pairs, small, and refused when they are not one of these shards'."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.errors import CursorInvalid
from consent_service.store.contract import Position
from consent_service.store.cursor import Cursor, decode, encode
from consent_service.store.names import site_shards

numbers = st.integers(0, 2**63 - 1)
positions = st.builds(Position, numbers, numbers)


@st.composite
def cursors(draw: st.DrawFn) -> tuple[Cursor, list[str]]:
    shards = draw(st.lists(st.text(max_size=8), min_size=1, max_size=8))
    places = [draw(positions) for _ in shards]
    return Cursor(draw(st.integers(0, len(shards) - 1)), places), shards


@given(cursors(), st.text(max_size=8))
def test_decoding_is_the_inverse_of_encoding(made: tuple[Cursor, list[str]], log: str) -> None:
    cursor, shards = made
    text = encode(cursor, log, shards)
    assert decode(text, log, shards) == cursor
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text), "safe in a URL as it is"


def test_65_shards_at_sequence_ten_million_stay_under_1_kb() -> None:
    shards = site_shards("a-site-with-a-rather-long-key", 64)
    text = encode(Cursor(64, [Position(10_000_000, 200)] * 65), "ledger", shards)
    assert len(text) < 1024


@given(cursors(), st.integers(0, 10_000), st.characters())
def test_a_cursor_with_one_character_changed_is_invalid(
    made: tuple[Cursor, list[str]], place: int, character: str
) -> None:
    cursor, shards = made
    text = encode(cursor, "ledger", shards)
    place %= len(text)
    if text[place] != character:
        with pytest.raises(CursorInvalid):
            decode(text[:place] + character + text[place + 1 :], "ledger", shards)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{1,200}", fullmatch=True))
def test_any_other_text_is_invalid(text: str) -> None:
    with pytest.raises(CursorInvalid):
        decode(text, "ledger", ["acme.00"])


def test_shards_that_read_the_same_when_joined_are_told_apart() -> None:
    text = encode(Cursor(0, [Position(1, 0)] * 2), "ledger", ["ab", "c"])
    with pytest.raises(CursorInvalid):
        decode(text, "ledger", ["a", "bc"])
