"""Rows: a CSV file as numbered records, one at a time, whatever its bytes are.

A broken line is an outcome of its own and spoils no other: if a quote is never closed, reading resumes behind
the line that opened it. Bytes that are not UTF-8 break no line, for a cell that nobody needs may hold them;
callers ask `is_readable` about the cells that they need. Memory is bounded by the longest line and the most
lines of a record. Knows nothing of what a row means.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from consent_service.importing.line_outcomes import LineOutcome, LineResult

_LONGEST: Final = 64 * 1024
"""Bytes of a line."""
_MOST_LINES: Final = 50
"""Of one record: a quoted cell may hold line breaks."""

_TOO_LONG: Final = f"is longer than {_LONGEST} bytes"
_NOT_CSV: Final = "is not CSV: a quote is misplaced or never closed"

SEPARATOR_LINE: Final = re.compile(r'"?sep=(?P<separator>[^\r\n"])"?\s*', re.IGNORECASE)
"""A first line by which Excel knows the column separator."""
_BLANK: Final = " \t\r\n,;|"
"""Characters of a line with nothing in it, whichever separator the file has."""
_REPLACED: Final = "\ufffd"
"""Stands where an encoding could not be read."""


class ExportRow(NamedTuple):
    """A record; `line` is the first of its lines, from 1. `open`: the file ends in it without a line end."""

    line: int
    cells: list[str]
    open: bool = False


class _Broken(Exception):
    """A line that can't be read; the message follows "this line"."""


class _Lines:
    """The file's lines, of which a record may take some and give all but the first back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._given_back: deque[str | _Broken] = deque()
        self._taken: list[str | _Broken] = []
        self._ended = True
        self.first = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= _MOST_LINES:
            raise _Broken(_NOT_CSV)
        line = self._given_back.popleft() if self._given_back else self._read_line()
        self._taken.append(line)
        if isinstance(line, _Broken):
            raise line if len(self._taken) == 1 else _Broken(_NOT_CSV)
        return line

    @property
    def is_open(self) -> bool:
        """True when the last line that was read has no end: nothing stands behind it."""
        return not self._ended and not self._given_back

    def begin_record(self) -> None:
        """Start the next record."""
        self.first += len(self._taken)
        self._taken = []

    @property
    def first_line(self) -> str:
        """The record's first line."""
        first = self._taken[0]
        return "" if isinstance(first, _Broken) else first

    def give_back(self) -> None:
        """Return all lines but the first: the record was broken, so they are read again."""
        self._given_back.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]

    def _read_line(self) -> str | _Broken:
        data = self._file.readline(_LONGEST + 1)
        if not data:
            raise StopIteration
        self._ended = data.endswith(b"\n")
        if len(data) > _LONGEST:
            while data and not data.endswith(b"\n"):
                data = self._file.readline(_LONGEST)
            return _Broken(_TOO_LONG)
        return data.decode("utf-8", "surrogateescape")


def read_rows(file: BinaryIO, delimiter: str) -> Iterator[ExportRow | LineOutcome]:
    """Yield every record of the file in order, the header too. `file`: as `export_text.open_export` returns
    it.
    """
    lines, before_header = _Lines(file), True
    while True:
        lines.begin_record()
        try:
            reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
            cells = next(reader, None)
        except (csv.Error, _Broken) as error:
            lines.give_back()
            reason = str(error) if isinstance(error, _Broken) else _NOT_CSV
            yield LineOutcome(lines.first, LineResult.REFUSED, f"this line {reason}")
            continue
        if cells is None:
            return
        if not any(cell.strip(_BLANK) for cell in cells):
            yield LineOutcome(lines.first, LineResult.SKIPPED, "an empty line")
        elif before_header and SEPARATOR_LINE.fullmatch(lines.first_line):
            yield LineOutcome(lines.first, LineResult.SKIPPED, "names the column separator")
        else:
            before_header = False
            yield ExportRow(lines.first, cells, lines.is_open)


def is_readable(cell: str) -> bool:
    """Return False for a cell that holds bytes which are no text in the file's encoding."""
    return _REPLACED not in cell and not any("\ud800" <= character <= "\udfff" for character in cell)


def decode_windows_1252(cell: str) -> str:
    """Return what bytes that are not UTF-8 say in Windows-1252; the cell itself where they say nothing in it."""
    try:
        return cell.encode("utf-8", "surrogateescape").decode("windows-1252")
    except UnicodeError:
        return cell
