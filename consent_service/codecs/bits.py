"""Bits as the Global Privacy Platform writes them: integers, Fibonacci integers, ranges, six bits a character.

Knows nothing of sections. Source: IAB Tech Lab, GPP consent string specification. Two paddings are in use: the
specification fills up to a whole character, the reference libraries first to a whole byte. `BitWriter` writes the
libraries' form, `BitReader` takes either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from consent_service.codecs.codec_error import CodecError

ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""A character's place is its six bits. There is no `=` at the end."""
LARGEST_ID: Final = 4095
"""Ranges hold nothing larger, so that no short text unfolds into a huge list."""

_CHARACTER: Final = 6
_BYTE: Final = 8
_COUNT_BITS: Final = 12
_BITS_OF: Final = {character: f"{place:06b}" for place, character in enumerate(ALPHABET)}


def padded_lengths(bits: int) -> tuple[int, int]:
    """Return how many characters hold this many bits: padded as the specification does, and as the libraries do."""
    return -(-bits // _CHARACTER), -(-(-(-bits // _BYTE) * _BYTE) // _CHARACTER)


class BitWriter:
    """Writer of bits, most significant first."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def add_number(self, value: int, width: int) -> None:
        """Append an unsigned integer of `width` bits. The caller has checked that it fits."""
        self._bits.append(f"{value:0{width}b}")

    def add_fibonacci(self, value: int) -> None:
        """Append an integer (1 or more) in Fibonacci coding.

        The bits are its Zeckendorf digits, smallest first, closed by another 1: 1 is `11`, 2 is `011`, 4 is
        `1011`.
        """
        digits = ""
        for number in reversed(list(_fibonacci_to(value))):
            digits = ("1" if number <= value else "0") + digits
            value -= number if number <= value else 0
        self._bits.append(digits + "1")

    def add_ranges(self, ids: Iterable[int]) -> None:
        """Append ids as the specification's Range(Fibonacci).

        First the number of runs (12 bits). Then for each run one bit (0: one id, 1: several), the distance from
        the last id written (0 at first), and for several ids the distance to the end of the run.
        """
        runs = list(_runs_of(ids))
        self.add_number(len(runs), _COUNT_BITS)
        last_written = 0
        for first, last in runs:
            self.add_number(first != last, 1)
            self.add_fibonacci(first - last_written)
            if first != last:
                self.add_fibonacci(last - first)
            last_written = last

    def as_text(self) -> str:
        """Return the bits as characters, padded as the reference libraries do."""
        bits = "".join(self._bits)
        bits = bits.ljust(padded_lengths(len(bits))[1] * _CHARACTER, "0")
        return "".join(
            ALPHABET[int(bits[place : place + _CHARACTER], 2)] for place in range(0, len(bits), _CHARACTER)
        )


class BitReader:
    """Reader of bits from a text. Every error is a CodecError with the section, the field and the bit."""

    def __init__(self, text: str, section: str) -> None:
        self.section = section
        for place, character in enumerate(text):
            if character not in _BITS_OF:
                raise CodecError(
                    f"{character!r} is not a base64url character", section=section, bit=place * _CHARACTER
                )
        self._bits = "".join(_BITS_OF[character] for character in text)
        self._at = 0

    def take_bits(self, width: int, field: str) -> int:
        """Return the next `width` bits as an unsigned integer. Raises CodecError at the end of the text."""
        end = self._at + width
        if end > len(self._bits):
            raise self._error_here("unexpected end of the text", field)
        value = int(self._bits[self._at : end], 2)
        self._at = end
        return value

    def take_value(self, width: int, field: str, allowed: range) -> int:
        """Return the next unsigned integer. Raises CodecError if it is not one of the `allowed` values."""
        at = self._at
        value = self.take_bits(width, field)
        if value not in allowed:
            raise CodecError(range_problem(value, allowed), section=self.section, field=field, bit=at)
        return value

    def take_ranges(self, field: str) -> tuple[int, ...]:
        """Return the ids that `Writer.add_ranges` wrote, ascending. Raises CodecError."""
        ids: list[int] = []
        for _ in range(self.take_bits(_COUNT_BITS, field)):
            several = self.take_bits(1, field)
            first = self._next_id(ids[-1] if ids else 0, field)
            last = self._next_id(first, field) if several else first
            ids.extend(range(first, last + 1))
        return tuple(ids)

    def expect_end(self) -> None:
        """Raise CodecError unless only padding is left: zeros, as many as one of the two paddings has."""
        if len(self._bits) // _CHARACTER not in padded_lengths(self._at):
            raise self._error_here(f"{len(self._bits) - self._at} extra bits at the end", "")
        first_one = self._bits.find("1", self._at)
        if first_one >= 0:
            raise CodecError("the padding bits must be zero", section=self.section, bit=first_one)

    def _next_id(self, last_id: int, field: str) -> int:
        """Return the id at the distance that the next Fibonacci integer gives, counted from `last_id`."""
        at = self._at
        end_of_number = self._bits.find("11", at)
        if end_of_number < 0:
            raise self._error_here("unexpected end of the text in a Fibonacci integer", field)
        self._at = end_of_number + 2
        digits = self._bits[at : end_of_number + 1]
        value = last_id
        for digit, number in zip(digits, _fibonacci_to(LARGEST_ID), strict=False):
            value += number * (digit == "1")
        if value > LARGEST_ID or len(digits) > _DIGITS:
            raise CodecError(
                f"id over {LARGEST_ID}, the largest that is read", section=self.section, field=field, bit=at
            )
        return value

    def _error_here(self, problem: str, field: str) -> CodecError:
        return CodecError(problem, section=self.section, field=field, bit=self._at)


def range_problem(value: object, allowed: range) -> str:
    """Return the error text for a value outside the `allowed` values of its field."""
    return (
        f"{value!r} is not {allowed[0]} to {allowed[-1]}"
        if len(allowed) > 1
        else f"{value!r} is not {allowed[0]}"
    )


def _fibonacci_to(most: int) -> Iterator[int]:
    """Yield the Fibonacci numbers 1, 2, 3, 5, 8 … up to `most`."""
    number, following = 1, 2
    while number <= most:
        yield number
        number, following = following, number + following


_DIGITS: Final = len(list(_fibonacci_to(LARGEST_ID)))


def _runs_of(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Return the first and last id of each run of adjacent ids, ascending."""
    ascending = sorted(set(ids))
    starts = [number for number in ascending if number - 1 not in ascending]
    ends = [number for number in ascending if number + 1 not in ascending]
    return zip(starts, ends, strict=True)
