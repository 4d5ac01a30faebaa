"""The mark of a move, in a SQLite file: a row of its header. Its meaning is in `store.move_mark`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from consent_service.store.move_mark import MoveMark, decode_mark
from consent_service.store.sqlite.bulk import Execute

NAME: Final = "moved"
"""The header's row."""
_READ: Final = f"SELECT value FROM header WHERE name = '{NAME}'"  # noqa: S608 - a name of our own


def read_mark(execute: Execute, path: Path) -> MoveMark | None:
    """Return the mark that the store at `path` bears, or None."""
    row = execute(_READ).fetchone()
    return None if row is None else decode_mark(row[0], str(path))


def require_unmarked(execute: Execute, path: Path) -> None:
    """Raise StoreMoved when the store bears a mark."""
    mark = read_mark(execute, path)
    if mark is not None:
        raise mark.moved_error(str(path))


def write_mark(execute: Execute, moved: MoveMark | None) -> None:
    """Set the mark, or take it away, inside the caller's transaction."""
    if moved is None:
        execute("DELETE FROM header WHERE name = ?", (NAME,))
    else:
        execute("INSERT OR REPLACE INTO header VALUES (?, ?)", (NAME, moved.encode_mark().decode()))
