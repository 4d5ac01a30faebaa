"""Bits as the Global Privacy Platform writes them: integers, Fibonacci integers, ranges, six bits a character.

Knows nothing of sections. Source: IAB Tech Lab, GPP consent string specification. Two paddings are in use: the
specification fills up to a whole character, the reference libraries first to a whole byte. `Writer` writes the
libraries' form, `Reader` takes either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from consent_service.codecs.faults import CodecError

ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""A character's place is its six bits. There is no `=` at the end."""
LARGEST_ID: Final = 4095
"""Ranges hold nothing larger, so that no short text unfolds into a huge list."""

_CHARACTER: Final = 6
_BYTE: Final = 8
_COUNT_BITS: Final = 12
_BITS_OF: Final = {character: f"{place:06b}" for place, character in enumerate(ALPHABET)}


def padded_lengths(bits: int) -> tuple[int, int]:
    """How many characters so many bits fill: as the specification pads them, and as the libraries do."""
    return -(-bits // _CHARACTER), -(-(-(-bits // _BYTE) * _BYTE) // _CHARACTER)


class Writer:
    """Collects bits, most significant first."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def add(self, value: int, width: int) -> None:
        """An unsigned integer of a fixed width. The caller has made sure that it fits."""
        self._bits.append(f"{value:0{width}b}")

    def add_fibonacci(self, value: int) -> None:
        """An integer from 1 on: its Zeckendorf digits, smallest first, closed by another 1. 1=11 2=011 4=1011."""
        digits = ""
        for number in reversed(list(_fibonacci_to(value))):
            digits = ("1" if number <= value else "0") + digits
            value -= number if number <= value else 0
        self._bits.append(digits + "1")

    def add_ranges(self, ids: Iterable[int]) -> None:
        """Range(Fibonacci): how many runs (12 bits), then for each run one bit (0 one id, 1 several), the distance
        from the last id seen (0 at first), and for several the distance to the run's end.
        """
        runs = list(_runs(ids))
        self.add(len(runs), _COUNT_BITS)
        seen = 0
        for first, last in runs:
            self.add(first != last, 1)
            self.add_fibonacci(first - seen)
            if first != last:
                self.add_fibonacci(last - first)
            seen = last

    def text(self) -> str:
        """The bits as characters, padded as the reference libraries do."""
        bits = "".join(self._bits)
        bits = bits.ljust(padded_lengths(len(bits))[1] * _CHARACTER, "0")
        return "".join(
            ALPHABET[int(bits[place : place + _CHARACTER], 2)] for place in range(0, len(bits), _CHARACTER)
        )


class Reader:
    """Takes bits from a text. Every fault is a CodecError with the section, the field and the bit."""

    def __init__(self, text: str, section: str) -> None:
        self.section = section
        for place, character in enumerate(text):
            if character not in _BITS_OF:
                raise CodecError(f"{character!r} is no base64url", section=section, bit=place * _CHARACTER)
        self._bits = "".join(_BITS_OF[character] for character in text)
        self._at = 0

    def take(self, width: int, field: str) -> int:
        """An unsigned integer of a fixed width."""
        end = self._at + width
        if end > len(self._bits):
            raise self._fault("the text ends here", field)
        value = int(self._bits[self._at : end], 2)
        self._at = end
        return value

    def take_value(self, width: int, field: str, allowed: range) -> int:
        """An unsigned integer that the field can have."""
        at = self._at
        value = self.take(width, field)
        if value not in allowed:
            raise CodecError(said_of(value, allowed), section=self.section, field=field, bit=at)
        return value

    def take_ranges(self, field: str) -> tuple[int, ...]:
        """The inverse of `Writer.add_ranges`: ids, ascending."""
        ids: list[int] = []
        for _ in range(self.take(_COUNT_BITS, field)):
            several = self.take(1, field)
            first = self._next_id(ids[-1] if ids else 0, field)
            last = self._next_id(first, field) if several else first
            ids.extend(range(first, last + 1))
        return tuple(ids)

    def close(self) -> None:
        """Nothing but padding may be left: zeros, as many as one of the two paddings has."""
        if len(self._bits) // _CHARACTER not in padded_lengths(self._at):
            raise self._fault(f"{len(self._bits) - self._at} bits too many", "")
        one = self._bits.find("1", self._at)
        if one >= 0:
            raise CodecError("the padding is not zero", section=self.section, bit=one)

    def _next_id(self, seen: int, field: str) -> int:
        """The last id seen and a Fibonacci integer: the distance to the next."""
        at = self._at
        found = self._bits.find("11", at)
        if found < 0:
            raise self._fault("the text ends within a Fibonacci integer", field)
        self._at = found + 2
        digits = self._bits[at : found + 1]
        value = seen
        for digit, number in zip(digits, _fibonacci_to(LARGEST_ID), strict=False):
            value += number * (digit == "1")
        if value > LARGEST_ID or len(digits) > _DIGITS:
            raise CodecError(f"no id is over {LARGEST_ID}", section=self.section, field=field, bit=at)
        return value

    def _fault(self, said: str, field: str) -> CodecError:
        return CodecError(said, section=self.section, field=field, bit=self._at)


def said_of(value: object, allowed: range) -> str:
    """What is wrong with a value that the field can't have."""
    return (
        f"{value!r} is not {allowed[0]} to {allowed[-1]}"
        if len(allowed) > 1
        else f"{value!r} is not {allowed[0]}"
    )


def _fibonacci_to(most: int) -> Iterator[int]:
    """1, 2, 3, 5, 8 … up to `most`."""
    number, following = 1, 2
    while number <= most:
        yield number
        number, following = following, number + following


_DIGITS: Final = len(list(_fibonacci_to(LARGEST_ID)))


def _runs(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of adjacent ids, ascending."""
    ascending = sorted(set(ids))
    starts = [one for one in ascending if one - 1 not in ascending]
    ends = [one for one in ascending if one + 1 not in ascending]
    return zip(starts, ends, strict=True)
