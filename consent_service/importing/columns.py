"""The header of an export: its columns, and their separator. Pure.

If none of the names that the caller wants stands in the line, it may be somebody's data instead of a header.
Then errors never quote it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from consent_service.errors import ImportRefused
from consent_service.importing.cell_meaning import normalise_name, trim_cell
from consent_service.importing.csv_rows import SEPARATOR_LINE, decode_windows_1252, is_readable
from consent_service.store.causes import printable_line

_SEPARATORS: Final = ",;\t|"
_NAMED: Final = 12
_LONGEST_NAME: Final = 60
"""Columns that an error names, and characters of each name."""


class ColumnHeader:
    """The names of the columns, and where the line stands."""

    def __init__(self, cells: Sequence[str], line: int) -> None:
        self.names = [trim_cell(cell if is_readable(cell) else decode_windows_1252(cell)) for cell in cells]
        self.line = line
        self._plain = [normalise_name(name) for name in self.names]

    def __contains__(self, name: str) -> bool:
        return normalise_name(name) in self._plain

    def index_of(self, name: str, wanted: Sequence[str]) -> int:
        """Return where the column is. Raises ImportRefused with what there is instead.

        A name that stands there to the letter is meant before one that only looks the same.
        """
        exact = [at for at, name_shown in enumerate(self.names) if name_shown == trim_cell(name)]
        places = exact or [
            at for at, name_shown in enumerate(self._plain) if name_shown == normalise_name(name)
        ]
        if len(places) == 1:
            return places[0]
        number = "more than one column" if places else "no column"
        raise ImportRefused(f"line {self.line} has {number} named {name!r}{self._columns_instead(wanted)}")

    def _columns_instead(self, wanted: Sequence[str]) -> str:
        if not any(name_shown in self for name_shown in wanted):
            return (
                f": it has {len(self.names)} cells and none of the given names, so it may not be the header: "
                "remove lines above the header, or name the separator with --delimiter"
            )
        names_text = ", ".join(repr(printable_line(name, _LONGEST_NAME)) for name in self.names[:_NAMED])
        more = f" and {len(self.names) - _NAMED} more" if len(self.names) > _NAMED else ""
        return f"; its columns are {names_text}{more}"


def separator_of(head: str, wanted: Sequence[str]) -> str:
    """Return what separates the columns of a file that begins so: what its first line says, or else the one with
    which most of the wanted names are found.
    """
    first = next((line for line in io.StringIO(head) if line.strip()), "")
    if separator_line := SEPARATOR_LINE.fullmatch(first.lstrip("\ufeff")):
        return separator_line["separator"]
    return max(_SEPARATORS, key=lambda name_shown: _count_wanted(head, name_shown, wanted))


def _count_wanted(head: str, separator: str, wanted: Sequence[str]) -> tuple[int, int]:
    """Return the number of wanted names in the header under this separator, and its number of cells."""
    try:
        rows = csv.reader(
            io.StringIO(head, newline=""), delimiter=separator, strict=True, skipinitialspace=True
        )
        cells = next((row for row in rows if any(cell.strip() for cell in row)), [])
    except csv.Error:
        return 0, 0
    header = ColumnHeader(cells, 1)
    return sum(name in header for name in wanted), len(cells)
