"""Rows: a CSV file as numbered records, one at a time, whatever its bytes are.

A line that is broken is an outcome of its own and spoils no other: where a quote is never closed, reading goes on
behind the line that opened it. Memory is bounded by the longest line and the most lines of one record. Knows
nothing of what a row means.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from consent_service.importing.outcomes import Outcome, Result

_LONGEST: Final = 64 * 1024
"""Bytes of a line."""
_MOST_LINES: Final = 50
"""Of one record: a quoted cell may hold line breaks."""

_NOT_UTF8: Final = "holds bytes that are not UTF-8"
_TOO_LONG: Final = f"is longer than {_LONGEST} bytes"
_NOT_CSV: Final = "is not CSV: a quote stands where none may, or is never closed"


class Row(NamedTuple):
    """A record; `line` is the first of its lines, from 1."""

    line: int
    cells: list[str]


class _Broken(Exception):
    """A line that can't be read; the message follows "this line"."""


class _Lines:
    """The file's lines, of which a record may take some and give all but the first back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._given_back: deque[str | _Broken] = deque()
        self._taken: list[str | _Broken] = []
        self._mark = b"\xef\xbb\xbf"
        self.first = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= _MOST_LINES:
            raise _Broken(_NOT_CSV)
        line = self._given_back.popleft() if self._given_back else self._read()
        self._taken.append(line)
        if isinstance(line, _Broken):
            raise line if len(self._taken) == 1 else _Broken(_NOT_CSV)
        return line

    def begin(self) -> None:
        """Another record begins here."""
        self.first += len(self._taken)
        self._taken = []

    def give_back(self) -> None:
        """The record was none: its further lines are read again."""
        self._given_back.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]

    def _read(self) -> str | _Broken:
        data, self._mark = self._file.readline(_LONGEST + 1).removeprefix(self._mark), b""
        if not data:
            raise StopIteration
        if len(data) > _LONGEST:
            while data and not data.endswith(b"\n"):
                data = self._file.readline(_LONGEST)
            return _Broken(_TOO_LONG)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return _Broken(_NOT_UTF8)


def rows(file: BinaryIO, delimiter: str) -> Iterator[Row | Outcome]:
    """Every record of the file in order, the header too; a byte order mark is no part of it."""
    lines = _Lines(file)
    while True:
        lines.begin()
        try:
            cells = next(csv.reader(lines, delimiter=delimiter, strict=True), None)
        except (csv.Error, _Broken) as error:
            lines.give_back()
            said = str(error) if isinstance(error, _Broken) else _NOT_CSV
            yield Outcome(lines.first, Result.REFUSED, f"this line {said}")
            continue
        if cells is None:
            return
        yield Row(lines.first, cells) if cells else Outcome(lines.first, Result.SKIPPED, "an empty line")
