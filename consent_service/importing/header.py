"""Header: the columns of an export, and what separates them. Pure.

Never quotes what may be no header: where not one of the names that the caller wants stands in it, it may be
somebody's data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from consent_service.errors import ImportRefused
from consent_service.importing.comparing import plain, trimmed
from consent_service.importing.rows import SEPARATOR_LINE, in_windows, readable
from consent_service.store.causes import printable

_SEPARATORS: Final = ",;\t|"
_NAMED: Final = 12
_LONGEST_NAME: Final = 60
"""Columns that an error names, and characters of each name."""


class Header:
    """The names of the columns, and where the line stands."""

    def __init__(self, cells: Sequence[str], line: int) -> None:
        self.names = [trimmed(cell if readable(cell) else in_windows(cell)) for cell in cells]
        self.line = line
        self._plain = [plain(name) for name in self.names]

    def __contains__(self, name: str) -> bool:
        return plain(name) in self._plain

    def place(self, name: str, wanted: Sequence[str]) -> int:
        """Return where the column is. Raises ImportRefused with what there is instead.

        A name that stands there to the letter is meant before one that only looks the same.
        """
        exact = [at for at, one in enumerate(self.names) if one == trimmed(name)]
        places = exact or [at for at, one in enumerate(self._plain) if one == plain(name)]
        if len(places) == 1:
            return places[0]
        found = "more than one column" if places else "no column"
        raise ImportRefused(f"line {self.line} has {found} named {name!r}{self._instead(wanted)}")

    def _instead(self, wanted: Sequence[str]) -> str:
        if not any(one in self for one in wanted):
            return (
                f": it has {len(self.names)} cells and none of the names that were given, so it may be no header; do "
                "lines stand above it, or is --delimiter another one?"
            )
        named = ", ".join(repr(printable(name, _LONGEST_NAME)) for name in self.names[:_NAMED])
        more = f" and {len(self.names) - _NAMED} more" if len(self.names) > _NAMED else ""
        return f"; its columns are {named}{more}"


def separator_of(head: str, wanted: Sequence[str]) -> str:
    """Return what separates the columns of a file that begins so: what its first line says, or else the one with
    which most of the wanted names are found.
    """
    first = next((line for line in io.StringIO(head) if line.strip()), "")
    if named := SEPARATOR_LINE.fullmatch(first.lstrip("\ufeff")):
        return named["separator"]
    return max(_SEPARATORS, key=lambda one: _found(head, one, wanted))


def _found(head: str, separator: str, wanted: Sequence[str]) -> tuple[int, int]:
    """The number of wanted names that the header has under this separator, and that of its cells."""
    try:
        rows = csv.reader(
            io.StringIO(head, newline=""), delimiter=separator, strict=True, skipinitialspace=True
        )
        cells = next((row for row in rows if any(cell.strip() for cell in row)), [])
    except csv.Error:
        return 0, 0
    header = Header(cells, 1)
    return sum(name in header for name in wanted), len(cells)
