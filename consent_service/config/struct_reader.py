"""Reader of a parsed TOML document into structs. It goes on after each fault, so that all of them are named.

Walks the structs' own types; knows nothing of the facts' meaning, of lines, or of the environment.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple

import msgspec.inspect as kinds

from consent_service.config.key_lines import Path

_MISSING: Final = object()
_SHOWN: Final = 10**20

_WANTED: Final[Mapping[type[kinds.Type], tuple[type, str]]] = {
    kinds.StrType: (str, "text in quotes"),
    kinds.IntType: (int, "a whole number"),
    kinds.BoolType: (bool, "true or false"),
    kinds.DateType: (date, "a date such as 2026-01-31, without quotes"),
    kinds.LiteralType: (str, "text in quotes"),
    kinds.VarTupleType: (list, "a list"),
    kinds.DictType: (dict, "a table"),
    kinds.StructType: (dict, "a table"),
}
_FOUND: Final[Mapping[type, str]] = {
    str: "text",
    int: "a whole number",
    float: "a decimal number",
    bool: "true or false",
    datetime: "a date with a time",
    date: "a date",
    time: "a time",
    list: "a list",
    dict: "a table",
}


class Misread(NamedTuple):
    """One fault and where it was met: the path of the value, or of the table that lacks it."""

    path: Path
    message: str


class StructReader:
    """Reader of one document's values. It fills `faults`, and `parts` with the complete structs."""

    def __init__(self) -> None:
        self.faults: list[Misread] = []
        self.parts: dict[Path, object] = {}

    def read_value(self, kind: kinds.Type, value: object, path: Path) -> Any:
        """Return the value as this type requires, or `_MISSING` if anything in it is at fault."""
        if isinstance(kind, kinds.UnionType):  # TOML has no null: what stands there is the other one
            kind = next(member for member in kind.types if not isinstance(member, kinds.NoneType))
        if isinstance(kind, kinds.Metadata):
            return self._read_checked(kind, value, path)
        wanted, description = _WANTED[type(kind)]
        if type(value) is not wanted:  # not isinstance: true is no whole number
            return self._note_fault(path, f"wanted {description}, found {_FOUND[type(value)]}")
        match value:
            case dict() if isinstance(kind, kinds.StructType):
                return self._read_struct(kind, value, path)
            case dict() if isinstance(kind, kinds.DictType):
                return self._read_table(kind, value, path)
            case list() if isinstance(kind, kinds.VarTupleType):
                return self._read_list(kind, value, path)
        message = _bounds_fault(kind, value)
        return self._note_fault(path, message) if message else value

    def _read_checked(self, kind: kinds.Metadata, value: object, path: Path) -> Any:
        read = self.read_value(kind.type, value, path)
        message = kind.extra["check"](read) if kind.extra and read is not _MISSING else ""
        return self._note_fault(path, message) if message else read

    def _read_struct(self, kind: kinds.StructType, table: dict[str, object], path: Path) -> Any:
        fields = {field.name: field for field in kind.fields}
        for name in table.keys() - fields.keys():
            self._note_fault((*path, name), unknown_key_fault(name, fields))
        for name, field in fields.items():
            if field.required and name not in table:
                self._note_fault((*path, name), "is missing")
        values = {
            name: self.read_value(field.type, table[name], (*path, name))
            for name, field in fields.items()
            if name in table
        }
        complete = all(name in values for name, field in fields.items() if field.required)
        if not complete or not _are_whole(values.values()):
            return _MISSING
        self.parts[path] = kind.cls(**values)
        return self.parts[path]

    def _read_table(self, kind: kinds.DictType, table: dict[str, object], path: Path) -> Any:
        keys = [self.read_value(kind.key_type, key, (*path, key)) for key in table]
        values = [self.read_value(kind.value_type, value, (*path, key)) for key, value in table.items()]
        if len(table) < (kind.min_length or 0):
            return self._note_fault(path, "needs at least one entry")
        return dict(zip(keys, values, strict=True)) if _are_whole([*keys, *values]) else _MISSING

    def _read_list(self, kind: kinds.VarTupleType, items: list[object], path: Path) -> Any:
        values = tuple(
            self.read_value(kind.item_type, item, (*path, place)) for place, item in enumerate(items)
        )
        if len(items) < (kind.min_length or 0):
            return self._note_fault(path, "needs at least one entry")
        return values if _are_whole(values) else _MISSING

    def _note_fault(self, path: Path, message: str) -> object:
        self.faults.append(Misread(path, message))
        return _MISSING


def _are_whole(values: Iterable[object]) -> bool:
    return all(value is not _MISSING for value in values)


def _bounds_fault(kind: kinds.Type, value: Any) -> str:
    """Return the fault of a value of the right type, or ""."""
    if isinstance(kind, kinds.LiteralType) and value not in kind.values:
        return f"wanted {' or '.join(repr(one) for one in kind.values)}, found {value!r}"
    if isinstance(kind, kinds.IntType) and kind.ge is not None and kind.le is not None:
        shown = value if abs(value) < _SHOWN else "a number far beyond"
        return "" if kind.ge <= value <= kind.le else f"wanted {kind.ge} to {kind.le}, found {shown}"
    return ""


def unknown_key_fault(name: str, fields: Iterable[str]) -> str:
    """Return the sentence on an unknown key, with the key that was probably meant."""
    near = difflib.get_close_matches(name, fields, n=1)
    return (
        f"unknown key; did you mean {near[0]!r}?" if near else f"unknown key; known are {', '.join(fields)}"
    )
