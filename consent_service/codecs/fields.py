"""Fields: one encoder and one decoder for whatever a section's row lists. Knows no section by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from consent_service.codecs.bits import BitReader, BitWriter, range_problem
from consent_service.codecs.codec_error import CodecError

Value: TypeAlias = bool | int | str | Sequence[int]
"""Value of a field: a number, a list of numbers (decoded as a tuple), a boolean, a letter (uspv1 only)."""
Fields: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a section.

    `width`: bits of one value. `allowed`: valid values. `count`: length of a list, 0 for a single value.
    `default`: value of a field that is not given; None if it must be given. `boolean`: the value is True or
    False.
    """

    name: str
    width: int
    allowed: range
    count: int = 0
    default: int | None = 0
    boolean: bool = False

    @property
    def total_bits(self) -> int:
        """Number of bits of the whole field."""
        return self.width * (self.count or 1)


def encode_fields(section: str, fields: Sequence[Field], values: Fields) -> str:
    """Return these fields' values as text. Raises CodecError for a value that its field can't have."""
    writer = BitWriter()
    for field in fields:
        for value in _numbers_of(section, field, values):
            writer.add_number(value, field.width)
    return writer.as_text()


def decode_fields(section: str, fields: Iterable[Field], text: str) -> dict[str, Value]:
    """Return the values of these fields by name: the inverse of `encode_fields`. Raises CodecError."""
    reader = BitReader(text, section)
    values = {field.name: _read_value(reader, field) for field in fields}
    reader.expect_end()
    return values


def _read_value(reader: BitReader, field: Field) -> Value:
    numbers = [reader.take_value(field.width, field.name, field.allowed) for _ in range(field.count or 1)]
    if field.count:
        return tuple(numbers)
    return bool(numbers[0]) if field.boolean else numbers[0]


def _numbers_of(section: str, field: Field, values: Fields) -> Sequence[int]:
    """Return the numbers to write for this field, as many as it has places. Raises CodecError."""
    if field.name not in values:
        if field.default is None:
            raise CodecError("missing value; give one", section=section, field=field.name)
        return [field.default] * (field.count or 1)
    value = values[field.name]
    numbers = _as_numbers(field, value)
    if numbers is None:
        raise CodecError(f"{value!r} is not {_expected_text(field)}", section=section, field=field.name)
    for number in numbers:
        if number not in field.allowed:
            raise CodecError(range_problem(number, field.allowed), section=section, field=field.name)
    return numbers


def _as_numbers(field: Field, value: Value) -> Sequence[int] | None:
    """Return the given value as numbers, or None if it has another type or length."""
    if field.boolean:
        return [int(value)] if isinstance(value, bool) else None
    if not field.count:
        return [value] if type(value) is int else None
    if (
        isinstance(value, (list, tuple))
        and len(value) == field.count
        and all(type(number) is int for number in value)
    ):
        return value
    return None


def _expected_text(field: Field) -> str:
    if field.boolean:
        return "True or False"
    return f"a list of {field.count} whole numbers" if field.count else "a whole number"
