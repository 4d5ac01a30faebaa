"""Counters of a SQLite file: the values that it has lost, and their restart after a restoration."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Final

from consent_service.store.lost_values import NOTHING_LOST, LostValues, start_anew

_HIGHEST: Final = "SELECT ifnull(max(sequence), 0) FROM shard"
_FLOOR: Final = "SELECT ifnull((SELECT value FROM header WHERE name = 'floor'), 0)"
_LOSE: Final = "INSERT INTO lost (shard, after, through) SELECT name, sequence, ? FROM shard"
_JUMP: Final = "UPDATE shard SET sequence = ?"
_SET_FLOOR: Final = "INSERT OR REPLACE INTO header (name, value) VALUES ('floor', ?)"


def read_lost(connection: sqlite3.Connection) -> LostValues:
    """Return the values that this store has lost. They change only while nobody has the store open."""
    (floor,) = connection.execute(_FLOOR).fetchone()
    if not int(floor):
        return NOTHING_LOST
    gaps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for shard, after, through in connection.execute("SELECT shard, after, through FROM lost"):
        gaps[shard].append((after, through))
    return LostValues(int(floor), dict(connection.execute("SELECT name, born FROM shard")), gaps)


def restart_counters(connection: sqlite3.Connection, now: int, taken: int) -> None:
    """Move all counters above every value that may have been taken elsewhere, and remember the gaps.

    `now` in Unix seconds; `taken` is the highest value known to have been taken. One transaction.
    """
    (highest,) = connection.execute(_HIGHEST).fetchone()
    (floor,) = connection.execute(_FLOOR).fetchone()
    start = start_anew(now, highest, int(floor), taken)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_LOSE, (start - 1,))
    connection.execute(_JUMP, (start,))  # taken by nobody: the next commit takes the one behind
    connection.execute(_SET_FLOOR, (str(start),))
    connection.execute("COMMIT")


def highest_value(connection: sqlite3.Connection) -> int:
    """Return the highest counter value that this store has taken."""
    (taken,) = connection.execute(_HIGHEST).fetchone()
    return int(taken)
