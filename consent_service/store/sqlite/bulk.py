"""Bulk: many rows with few steps.

A step is one call into SQLite, and around each one the interpreter's lock is let go. While the event loop is
busy it takes up to its switch interval (5 ms) to come back, so what counts is steps, not rows: rows are written
many to a statement, and many small questions are the columns of one answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

Execute = Callable[..., sqlite3.Cursor]

MOST: Final = 64
"""Rows or questions in one statement. Fewer come as a sum of powers of two, so that few statements exist."""


def ask(execute: Execute, question: str, arguments: Sequence[Sequence[object]]) -> list[Any]:
    """What the scalar query `question` answers for each set of arguments; None where it finds nothing."""
    answers: list[Any] = []
    for chunk in _chunks(arguments):
        answers += execute(_questions(question, len(chunk)), list(chain.from_iterable(chunk))).fetchone()
    return answers


def insert(execute: Execute, into: str, rows: Sequence[Sequence[object]], conflict: str = "") -> None:
    """Write the rows; `into` is the statement up to VALUES, `conflict` what follows the rows."""
    for chunk in _chunks(rows):
        sql = _rows(into, len(chunk[0]), len(chunk), conflict)
        execute(sql, list(chain.from_iterable(chunk)))


def _chunks(rows: Sequence[Sequence[object]]) -> Iterator[Sequence[Sequence[object]]]:
    at = 0
    while (left := len(rows) - at) > 0:
        count = min(MOST, 1 << (left.bit_length() - 1))
        yield rows[at : at + count]
        at += count


@lru_cache(maxsize=256)
def _questions(question: str, count: int) -> str:
    return "SELECT " + ",".join([f"({question})"] * count)


@lru_cache(maxsize=256)
def _rows(into: str, fields: int, count: int, conflict: str) -> str:
    row = "(" + ",".join("?" * fields) + ")"
    return f"{into} VALUES {','.join([row] * count)} {conflict}"
