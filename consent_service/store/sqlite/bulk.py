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


def ask_many(execute: Execute, question: str, arguments: Sequence[Sequence[object]]) -> list[Any]:
    """Return the answer of the scalar query `question` for each set of arguments; None where it finds nothing."""
    answers: list[Any] = []
    for chunk in _in_chunks(arguments):
        answers += execute(_select_sql(question, len(chunk)), list(chain.from_iterable(chunk))).fetchone()
    return answers


def insert_many(execute: Execute, into: str, rows: Sequence[Sequence[object]], conflict: str = "") -> None:
    """Write the rows; `into` is the statement up to VALUES, `conflict` what follows the rows."""
    for chunk in _in_chunks(rows):
        sql = _insert_sql(into, len(chunk[0]), len(chunk), conflict)
        execute(sql, list(chain.from_iterable(chunk)))


def _in_chunks(rows: Sequence[Sequence[object]]) -> Iterator[Sequence[Sequence[object]]]:
    at = 0
    while (left := len(rows) - at) > 0:
        count = min(MOST, 1 << (left.bit_length() - 1))
        yield rows[at : at + count]
        at += count


@lru_cache(maxsize=256)
def _select_sql(question: str, count: int) -> str:
    return "SELECT " + ",".join([f"({question})"] * count)


@lru_cache(maxsize=256)
def _insert_sql(into: str, fields: int, count: int, conflict: str) -> str:
    row = "(" + ",".join("?" * fields) + ")"
    return f"{into} VALUES {','.join([row] * count)} {conflict}"
