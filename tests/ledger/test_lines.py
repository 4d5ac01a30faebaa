"""Lines: read all together they are what each is by itself, and nothing passes together that fails alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from consent_service.domain.facts import Fact
from consent_service.ledger import segments
from consent_service.ledger.entries import Device, Evidence, encode, entry_of
from consent_service.ledger.lines import LineReader
from consent_service.ledger.segments import EntryPlace
from tests.domain.strategies import carried, erasures, facts

made_at = st.none() | st.sampled_from(
    ["2026-11-22T10:00:00+00:00", "2026-11-22T11:00:00Z", '"id":"', "\\", ""]
)
words = st.none() | st.sampled_from(["en", '","id":"x', 'ü"subject":"', "\\\\"])
evidence = st.builds(Evidence, st.none() | st.just(Device("mobile", "Firefox")), words, words, made_at)
places = st.builds(
    EntryPlace,
    st.sampled_from(["acme.00", "acme.desk", "acme.1234"]),
    st.integers(1, 2**53),
    st.integers(0, 20),
)
_SMALL: Final = b'0123456789abcdefx"\\{}[],: \n'


def written(fact: Fact, told: Evidence, place: EntryPlace, entry_id: int) -> bytes:
    """A line as sealing writes it."""
    name = f"{entry_id:08x}-1234-4234-8234-123456789abc"
    entry = entry_of(fact, entry_id=name, site="acme", subject=entry_id.to_bytes(16), evidence=told)
    return segments.line_of(encode(entry), place)


lines = st.lists(
    st.builds(written, facts() | carried() | erasures(), evidence, places, st.integers(0, 2**32 - 1)),
    min_size=1,
    max_size=8,
)


def agree(found: Sequence[bytes]) -> bool:
    """Check that both ways of reading agree; return True if nothing is wrong."""
    reader = LineReader("acme")
    together, alone = reader._read_together(found), reader._read_one_by_one(found)
    assert together is None or together == alone
    return not alone.faults


@given(lines)
def test_lines_as_sealing_writes_them_hold_whatever_their_words_are(found: list[bytes]) -> None:
    assert agree(found)
    assert LineReader("acme")._read_together(found) is not None, "they need not be read one by one"


@given(lines, st.data())
def test_no_line_that_is_wrong_by_itself_passes_behind_others(
    found: list[bytes], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(found) - 1))
    line = found[number]
    at = data.draw(st.integers(0, len(line)))
    end = at + data.draw(st.integers(0, 3))
    more = bytes(data.draw(st.lists(st.sampled_from(_SMALL), max_size=3)))
    agree([*found, line[:at] + more + line[end:], *found])
