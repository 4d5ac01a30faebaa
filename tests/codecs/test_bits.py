"""Bits, Fibonacci integers, ranges and both paddings, against the specification's own examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.codecs.bits import LARGEST_ID, BitReader, BitWriter, padded_lengths
from consent_service.codecs.codec_error import CodecError

from .texts import characters


@pytest.mark.parametrize(
    ("number", "bits"),
    [(1, "11"), (2, "011"), (3, "0011"), (4, "1011"), (5, "00011"), (6, "10011"), (7, "01011")],
)
def test_fibonacci_integers_are_those_of_the_specification(number: int, bits: str) -> None:
    writer = BitWriter()
    writer.add_fibonacci(number)
    assert writer.as_text() == characters(bits)


@pytest.mark.parametrize(
    ("ids", "bits"),
    [
        ((2,), "0000000000010011"),
        ((2, 3, 4, 5, 6), "00000000000110111011"),
        ((2, 5, 6, 7), "000000000010001110011011"),
        ((3, 5, 6, 7, 8), "0000000000100001110110011"),
        ((2, 5, 6, 7, 8, 9, 10, 11, 12), "00000000001000111001101011"),
    ],
)
def test_ranges_are_those_of_the_specification(ids: tuple[int, ...], bits: str) -> None:
    writer = BitWriter()
    writer.add_ranges(ids)
    assert writer.as_text() == characters(bits)
    assert BitReader(characters(bits), "header").take_ranges("SectionIds") == ids


def test_a_run_may_come_as_single_ids() -> None:
    one_by_one = "000000000010" + "0" + "011" + "0" + "11"
    assert BitReader(characters(one_by_one), "header").take_ranges("SectionIds") == (2, 3)


@given(st.sets(st.integers(1, LARGEST_ID)))
def test_whatever_ids_are_written_are_read(ids: set[int]) -> None:
    writer = BitWriter()
    writer.add_ranges(ids)
    reader = BitReader(writer.as_text(), "header")
    assert reader.take_ranges("SectionIds") == tuple(sorted(ids))
    reader.expect_end()


@given(st.lists(st.tuples(st.integers(1, 12), st.data()), max_size=20))
def test_whatever_integers_are_written_are_read(fields: list[tuple[int, st.DataObject]]) -> None:
    writer = BitWriter()
    written = [(width, data.draw(st.integers(0, 2**width - 1))) for width, data in fields]
    for width, value in written:
        writer.add_number(value, width)
    reader = BitReader(writer.as_text(), "usca")
    assert [reader.take_bits(width, "") for width, _ in written] == [value for _, value in written]
    reader.expect_end()


@pytest.mark.parametrize(
    ("bits", "lengths"), [(0, (0, 0)), (3, (1, 2)), (46, (8, 8)), (60, (10, 11)), (70, (12, 12))]
)
def test_the_two_paddings_fill_so_many_characters(bits: int, lengths: tuple[int, int]) -> None:
    assert padded_lengths(bits) == lengths


def fault_of(text: str) -> CodecError:
    """Return the ids in these characters. Raises the codec's error if more follows."""
    with pytest.raises(CodecError) as raised:
        read(text)
    return raised.value


def read(text: str) -> None:
    reader = BitReader(text, "header")
    reader.take_ranges("SectionIds")
    reader.expect_end()


@pytest.mark.parametrize(
    ("text", "field", "bit", "said"),
    [
        ("A", "SectionIds", 0, "unexpected end of the text"),
        ("AB", "SectionIds", 12, "unexpected end of the text"),
        ("AAB", "", 17, "the padding bits must be zero"),
        ("AAAAA", "", 12, "18 extra bits at the end"),
        ("ABA", "SectionIds", 13, "unexpected end of the text in a Fibonacci integer"),
        ("AB==", "", 12, "'=' is not a base64url character"),
        ("ABé", "", 12, "'é' is not a base64url character"),
    ],
)
def test_a_fault_says_where_it_lies(text: str, field: str, bit: int, said: str) -> None:
    fault = fault_of(text)
    assert (fault.section, fault.field, fault.bit) == ("header", field, bit)
    assert str(fault).endswith(said)
    assert str(fault).startswith("header")


@pytest.mark.parametrize("zeros", [17, 200, 5000])
def test_no_short_text_unfolds_into_a_huge_list(zeros: int) -> None:
    up_to_there = "000000000001" + "1" + "11" + "0" * zeros + "11"
    fault = fault_of(characters(up_to_there))
    assert (fault.field, fault.bit) == ("SectionIds", 15)
    assert "id over 4095" in str(fault)
