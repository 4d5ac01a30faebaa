"""Fields: one encoder and one decoder for whatever a section's row lists. Knows no section by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from consent_service.codecs.bits import Reader, Writer, said_of
from consent_service.codecs.faults import CodecError

Value: TypeAlias = bool | int | str | Sequence[int]
"""What a field holds: a number, a list of numbers (decoded as a tuple), yes or no, a letter (uspv1 only)."""
Fields: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a section.

    `width`: bits of one value. `allowed`: the values it can have. `count`: 0 for a single value, else the length of
    the list. `default`: what a field that isn't given says; None = it must be given. `boolean`: True or False.
    """

    name: str
    width: int
    allowed: range
    count: int = 0
    default: int | None = 0
    boolean: bool = False

    @property
    def bits(self) -> int:
        return self.width * (self.count or 1)


def encode_fields(section: str, fields: Sequence[Field], values: Fields) -> str:
    """These fields' values as text. Raises CodecError for a value that the field can't have."""
    writer = Writer()
    for field in fields:
        for value in _numbers(section, field, values):
            writer.add(value, field.width)
    return writer.text()


def decode_fields(section: str, fields: Iterable[Field], text: str) -> dict[str, Value]:
    """The inverse of `encode_fields`. Raises CodecError."""
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
    """What to write for this field: as many numbers as it has places, each one that it can have."""
    if field.name not in values:
        if field.default is None:
            raise CodecError("must be given", section=section, field=field.name)
        return [field.default] * (field.count or 1)
    given = values[field.name]
    numbers = _items(field, given)
    if numbers is None:
        raise CodecError(f"{given!r} is not {_wanted(field)}", section=section, field=field.name)
    for number in numbers:
        if number not in field.allowed:
            raise CodecError(said_of(number, field.allowed), section=section, field=field.name)
    return numbers


def _items(field: Field, given: Value) -> Sequence[int] | None:
    """The given value as numbers, None when it is of another kind or length."""
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
