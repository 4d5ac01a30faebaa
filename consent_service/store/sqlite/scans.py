"""Scans: the queries that read more than single documents: logs merged over shards, and indexes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from consent_service.store import cursor
from consent_service.store.contract import Member, Page, Position
from consent_service.store.paging import Lost, Paging, State

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


def read(
    connection: sqlite3.Connection, log: str, shards: Sequence[str], after: str, limit: int, lost: Lost
) -> Page:
    """A page of the log as one snapshot. Raises CursorInvalid and CursorExpired."""
    connection.execute("BEGIN")
    try:
        states = _states(connection, log, shards)
        paging = Paging(log, shards, after, limit, states, lost)
        while wants := paging.wants():
            for want in wants:
                rows = connection.execute(_ENTRIES, (log, want.shard, *want.place, want.most)).fetchall()
                paging.take(want, rows, states[want.shard])
        return paging.page()
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


def _states(connection: sqlite3.Connection, log: str, shards: Sequence[str]) -> dict[str, State]:
    states = dict.fromkeys(shards, State())
    for shard, counter, sequence, idx in connection.execute(_STATES, (json.dumps(list(shards)), log)):
        first = cursor.START if sequence is None else Position(sequence, idx + 1)
        states[shard] = State(counter, first)
    return states
