"""Lost: the counter values that were used after a backup was made, and went with the file it replaced.

Restoring moves every shard's counter far ahead, so that no value is ever taken twice, and remembers what lies
between: whoever presents such a value knows of something that this store has forgotten. Knows nothing of what
versions and positions are used for.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

_EACH_SECOND: Final = 20
"""Bits of counter values for every second since 1970: no shard commits a million times a second, so what a
store took after its last restoration lies below what the next one starts from. Below 2**53 until 2242."""

_HIGHEST: Final = "SELECT ifnull(max(sequence), 0) FROM shard"
_FLOOR: Final = "SELECT ifnull((SELECT value FROM header WHERE name = 'floor'), 0)"
_LOSE: Final = "INSERT INTO lost (shard, after, through) SELECT name, sequence, ? FROM shard"
_JUMP: Final = "UPDATE shard SET sequence = ?"
_SET_FLOOR: Final = "INSERT OR REPLACE INTO header (name, value) VALUES ('floor', ?)"


class Lost(NamedTuple):
    """`floor`: where the counters of new shards begin; `born`: where those of the present ones began.

    `gaps`: for each shard the ranges lost since, (last value kept, last value lost).
    """

    floor: int
    born: Mapping[str, int]
    gaps: Mapping[str, Sequence[tuple[int, int]]]

    def holds(self, shard: str, value: int) -> bool:
        """Whether this value of the shard's counter was lost."""
        if value <= self.born.get(shard, self.floor):
            return value > 0
        return any(after < value <= through for after, through in self.gaps.get(shard, ()))


def read(connection: sqlite3.Connection) -> Lost:
    """What this store has lost. It changes only while nobody has the store open."""
    (floor,) = connection.execute(_FLOOR).fetchone()
    if not int(floor):
        return Lost(0, {}, {})
    gaps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for shard, after, through in connection.execute("SELECT shard, after, through FROM lost"):
        gaps[shard].append((after, through))
    return Lost(int(floor), dict(connection.execute("SELECT name, born FROM shard")), gaps)


def begin_anew(connection: sqlite3.Connection, now: int, taken: int) -> None:
    """Move all counters behind whatever may have been taken elsewhere, and remember the gaps.

    `now` in Unix seconds; `taken` is the highest value known to have been taken. One transaction.
    """
    (highest,) = connection.execute(_HIGHEST).fetchone()
    (floor,) = connection.execute(_FLOOR).fetchone()
    start = max(now << _EACH_SECOND, highest, int(floor), taken) + 1
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_LOSE, (start - 1,))
    connection.execute(_JUMP, (start,))  # taken by nobody: the next commit takes the one behind
    connection.execute(_SET_FLOOR, (str(start),))
    connection.execute("COMMIT")


def highest(connection: sqlite3.Connection) -> int:
    """The highest counter value that this store has taken."""
    (taken,) = connection.execute(_HIGHEST).fetchone()
    return int(taken)
