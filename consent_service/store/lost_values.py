"""Lost values: counter values that were used after a backup was made, and were lost when it was restored.

A restoration moves every shard's counter far ahead, so that no value is ever taken twice, and remembers the
gap: whoever presents such a value knows of something that this store has forgotten. Each engine stores the
gaps in its own way; their meaning is here. Knows nothing of what versions and positions are used for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

_EACH_SECOND: Final = 20
"""Bits of counter values for every second since 1970: no shard commits a million times a second, so what a
store took after its last restoration lies below what the next one starts from. Below 2**53 until 2242."""


class LostValues(NamedTuple):
    """Counter values that a restored store has lost. `floor`: start of the counters of new shards; `born`: start of
    the present ones.

    `gaps`: for each shard the ranges lost since, (last value kept, last value lost).
    """

    floor: int
    born: Mapping[str, int]
    gaps: Mapping[str, Sequence[tuple[int, int]]]

    def is_lost(self, shard: str, value: int) -> bool:
        """Return True if this value of the shard's counter was lost."""
        if value <= self.born.get(shard, self.floor):
            return value > 0
        return any(after < value <= through for after, through in self.gaps.get(shard, ()))


_AHEAD: Final = 50 * 366 * 86_400
"""Seconds that the clock of whoever restored a store may once have been ahead of ours."""

NOTHING_LOST: Final = LostValues(0, {}, {})


def start_anew(now: int, *taken: int) -> int:
    """Return the value from which all counters go on after a restoration at `now` (Unix seconds), above every value
    in `taken`.
    """
    return max(now << _EACH_SECOND, *taken) + 1


def highest_possible(now: int) -> int:
    """Return the highest value that any counter can have taken by `now` (Unix seconds).

    It moves on with the time, so that a store whose counter was that far can be restored again and again.
    """
    return now + _AHEAD << _EACH_SECOND
