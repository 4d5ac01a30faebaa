"""Paging: one page of a log put together from its shards, whatever engine holds them. Fetches nothing itself.

Every shard is given its share of the page, then what is left goes to those that have more; a page that fills
before every shard was served goes on with the next shard in turn. So a busy shard does not keep the others
waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from consent_service.errors import CursorExpired
from consent_service.store import cursor
from consent_service.store.contract import Entry, Page, Position

IsLost = Callable[[str, int], bool]
"""Return True if a shard's counter value was lost; `contract.Store.lost`."""

Row = tuple[int, int, bytes]
"""An entry of one shard: sequence, number, payload."""


class ShardState(NamedTuple):
    """A shard's counter, and the first position behind what was trimmed from the log."""

    counter: int = 0
    first: Position = cursor.START


class ShardQuery(NamedTuple):
    """At most `most` entries of the shard with this number, from `place` on."""

    number: int
    shard: str
    place: Position
    most: int


class Paging:
    """The state of one page. Answer each of `next_queries` with `add_rows` until there are none; then take
    `finish_page`.
    """

    def __init__(
        self,
        log: str,
        shards: Sequence[str],
        after: str,
        limit: int,
        states: Mapping[str, ShardState],
        lost: IsLost,
    ) -> None:
        """Start a page behind the cursor `after`. Raises CursorInvalid, or CursorExpired if it is behind a trim,
        ahead of the log or among lost values.
        """
        self._log = log
        self._shards = shards
        self._limit = limit
        at = _resume_cursor(log, shards, after, states, lost)
        self._places, self._turn = list(at.places), at.turn
        self._entries: list[Entry] = []
        numbers = [number % len(shards) for number in range(at.turn, at.turn + len(shards))]
        self._pending = [
            number for number in numbers if self._places[number].sequence <= states[shards[number]].counter
        ]

    def next_queries(self) -> list[ShardQuery]:
        """Return what to fetch next, in the order in which shards are served; an empty list = the page is
        complete.
        """
        room = self._limit - len(self._entries)
        if room <= 0 or not self._pending:
            return []
        share = max(1, room // len(self._pending))
        return [
            ShardQuery(number, self._shards[number], self._places[number], share) for number in self._pending
        ]

    def add_rows(self, query: ShardQuery, rows: Sequence[Row], state: ShardState) -> None:
        """Add the rows that answer a query, with the shard's state at that moment. Raises CursorExpired if a trim
        came between.
        """
        if query.place < state.first:
            raise _trimmed_error(self._log, query.shard)
        room = self._limit - len(self._entries)
        page_rows = rows[:room]
        if room:  # else the page is full: who was not served is served first next time
            self._turn = (query.number + 1) % len(self._shards)
        self._entries += [Entry(query.shard, Position(*row[:2]), row[2]) for row in page_rows]
        if len(page_rows) == len(rows) < query.most:
            self._places[query.number] = Position(state.counter + 1, 0)
            self._pending.remove(query.number)
        elif page_rows:
            self._places[query.number] = Position(page_rows[-1][0], page_rows[-1][1] + 1)

    def finish_page(self) -> Page:
        """Return the page, with the cursor behind its last entry."""
        at = cursor.Cursor(self._turn, self._places)
        return Page(self._entries, cursor.encode(at, self._log, self._shards))


def _resume_cursor(
    log: str, shards: Sequence[str], after: str, states: Mapping[str, ShardState], lost: IsLost
) -> cursor.Cursor:
    if not after:
        return cursor.Cursor(0, [states[shard].first for shard in shards])
    at = cursor.decode(after, log, shards)
    for shard, place in zip(shards, at.places, strict=True):
        if place < states[shard].first:
            raise _trimmed_error(log, shard)
        last_read = place.sequence if place.number else place.sequence - 1
        if place.sequence > states[shard].counter + 1 or lost(shard, last_read):
            raise CursorExpired(f"the log {log!r} of {shard} ends before the cursor: start from a snapshot")
    return at


def _trimmed_error(log: str, shard: str) -> CursorExpired:
    return CursorExpired(f"the log {log!r} of {shard} was trimmed past the cursor: start from a snapshot")
