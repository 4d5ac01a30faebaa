"""Fields: one encoder and one decoder for whatever a section's row lists. Knows no section by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from consent_service.codecs.bits import Reader, Writer, range_problem
from consent_service.codecs.faults import CodecError

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
    def bits(self) -> int:
        """Number of bits of the whole field."""
        return self.width * (self.count or 1)


def encode_fields(section: str, fields: Sequence[Field], values: Fields) -> str:
    """Return these fields' values as text. Raises CodecError for a value that its field can't have."""
    writer = Writer()
    for field in fields:
        for value in _numbers(section, field, values):
            writer.add(value, field.width)
    return writer.text()


def decode_fields(section: str, fields: Iterable[Field], text: str) -> dict[str, Value]:
    """Return the values of these fields by name: the inverse of `encode_fields`. Raises CodecError."""
    reader = Reader(text, section)
    values = {field.name: _taken(reader, field) for field in fields}
    reader.close()
    return values


def _taken(reader: Reader, field: Field) -> Value:
    numbers = [reader.take_value(field.width, field.name, field.allowed) for _ in range(field.count or 1)]
    if field.count:
        return tuple(numbers)
    return bool(numbers[0]) if field.boolean else numbers[0]


def _numbers(section: str, field: Field, values: Fields) -> Sequence[int]:
    """Return the numbers to write for this field, as many as it has places. Raises CodecError."""
    if field.name not in values:
        if field.default is None:
            raise CodecError("missing value; give one", section=section, field=field.name)
        return [field.default] * (field.count or 1)
    given = values[field.name]
    numbers = _items(field, given)
    if numbers is None:
        raise CodecError(f"{given!r} is not {_wanted(field)}", section=section, field=field.name)
    for number in numbers:
        if number not in field.allowed:
            raise CodecError(range_problem(number, field.allowed), section=section, field=field.name)
    return numbers


def _items(field: Field, given: Value) -> Sequence[int] | None:
    """Return the given value as numbers, or None if it has another type or length."""
    if field.boolean:
        return [int(given)] if isinstance(given, bool) else None
    if not field.count:
        return [given] if type(given) is int else None
    if (
        isinstance(given, (list, tuple))
        and len(given) == field.count
        and all(type(one) is int for one in given)
    ):
        return given
    return None


def _wanted(field: Field) -> str:
    if field.boolean:
        return "True or False"
    return f"a list of {field.count} whole numbers" if field.count else "a whole number"
