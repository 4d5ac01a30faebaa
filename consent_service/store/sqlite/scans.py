"""Scans: the queries that read more than single documents: logs merged over shards, and indexes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from consent_service.errors import CursorExpired
from consent_service.store import cursor
from consent_service.store.contract import Entry, Member, Page, Position

_STATES: Final = """SELECT shard.name, shard.sequence, trimmed.sequence, trimmed.idx
    FROM json_each(?) AS asked CROSS JOIN shard ON shard.name = asked.value
    LEFT JOIN trimmed ON trimmed.log = ? AND trimmed.shard = shard.name"""
_ENTRIES: Final = """SELECT sequence, idx, payload FROM entry
    WHERE log = ? AND shard = ? AND (sequence, idx) >= (?, ?) ORDER BY sequence, idx LIMIT ?"""
_COUNT: Final = "SELECT count(*) FROM member WHERE shard = ? AND idx = ? AND score BETWEEN ? AND ?"
_RANGE: Final = """SELECT idx, member, score FROM member
    WHERE shard = ? AND idx = ? AND score BETWEEN ? AND ? {behind} ORDER BY score {way}, member {way} LIMIT ?"""
_RANGES: Final = {
    (reverse, resumed): _RANGE.format(
        behind=f"AND (score, member) {'<' if reverse else '>'} (?, ?)" if resumed else "",
        way="DESC" if reverse else "ASC",
    )
    for reverse in (False, True)
    for resumed in (False, True)
}

Lost = Callable[[str, int], bool]
"""Whether a shard's counter value was lost, as `contract.Store.lost` says."""


class _State(NamedTuple):
    """A shard's counter, and the first position behind what was trimmed from the log."""

    counter: int = 0
    first: Position = cursor.START


def read(
    connection: sqlite3.Connection, log: str, shards: Sequence[str], after: str, limit: int, lost: Lost
) -> Page:
    """A page of the log as one snapshot. Raises CursorInvalid and CursorExpired."""
    connection.execute("BEGIN")
    try:
        states = _states(connection, log, shards)
        at = _resume(log, shards, after, states, lost)
        return _page(connection, log, shards, limit, at, states)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def members(
    connection: sqlite3.Connection,
    shard: str,
    index: bytes,
    scores: tuple[int, int],
    after: Member | None,
    limit: int,
    reverse: bool,
) -> list[Member]:
    """Members with `scores[0]` <= score <= `scores[1]` in order, starting behind `after`."""
    resume = () if after is None else (after.score, after.member)
    sql = _RANGES[reverse, after is not None]
    rows = connection.execute(sql, (shard, index, *scores, *resume, max(limit, 0))).fetchall()
    return [Member(*row) for row in rows]


def count(connection: sqlite3.Connection, shard: str, index: bytes, low: int, high: int) -> int:
    """How many members lie in low <= score <= high."""
    (found,) = connection.execute(_COUNT, (shard, index, low, high)).fetchone()
    return int(found)


def _states(connection: sqlite3.Connection, log: str, shards: Sequence[str]) -> dict[str, _State]:
    states = dict.fromkeys(shards, _State())
    for shard, counter, sequence, idx in connection.execute(_STATES, (json.dumps(list(shards)), log)):
        first = cursor.START if sequence is None else Position(sequence, idx + 1)
        states[shard] = _State(counter, first)
    return states


def _resume(
    log: str, shards: Sequence[str], after: str, states: dict[str, _State], lost: Lost
) -> cursor.Cursor:
    if not after:
        return cursor.Cursor(0, [states[shard].first for shard in shards])
    at = cursor.decode(after, log, shards)
    for shard, place in zip(shards, at.places, strict=True):
        if place < states[shard].first:
            raise CursorExpired(
                f"the log {log!r} of {shard} was trimmed past the cursor: start from a snapshot"
            )
        last_read = place.sequence if place.number else place.sequence - 1
        if place.sequence > states[shard].counter + 1 or lost(shard, last_read):
            raise CursorExpired(f"the log {log!r} of {shard} ends before the cursor: start from a snapshot")
    return at


def _page(
    connection: sqlite3.Connection,
    log: str,
    shards: Sequence[str],
    limit: int,
    at: cursor.Cursor,
    states: dict[str, _State],
) -> Page:
    """Give every shard its share of the page, then what is left to those that have more.

    A page that fills before every shard was served goes on with the next shard in turn.
    """
    places, entries, turn = list(at.places), list[Entry](), at.turn
    pending = [number % len(shards) for number in range(turn, turn + len(shards))]
    pending = [number for number in pending if places[number].sequence <= states[shards[number]].counter]
    while pending and len(entries) < limit:
        share, hungry = max(1, (limit - len(entries)) // len(pending)), []
        for number in pending:
            wanted = min(share, limit - len(entries))
            if not wanted:
                break
            shard, turn = shards[number], (number + 1) % len(shards)
            rows = connection.execute(_ENTRIES, (log, shard, *places[number], wanted)).fetchall()
            entries += [Entry(shard, Position(*row[:2]), row[2]) for row in rows]
            if len(rows) < wanted:
                places[number] = Position(states[shard].counter + 1, 0)
            else:
                places[number] = Position(rows[-1][0], rows[-1][1] + 1)
                hungry.append(number)
        pending = hungry
    return Page(entries, cursor.encode(cursor.Cursor(turn, places), log, shards))
