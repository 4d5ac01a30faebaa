"""Scans: the queries that read more than single documents: logs merged over shards, indexes, documents by name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

from consent_service.store import cursor
from consent_service.store.contract import Document, Key, KeyedDocuments, Member, Page, Position
from consent_service.store.paging import IsLost, Paging, ShardState

_STATES: Final = """SELECT shard.name, shard.sequence, trimmed.sequence, trimmed.idx
    FROM json_each(?) AS asked CROSS JOIN shard ON shard.name = asked.value
    LEFT JOIN trimmed ON trimmed.log = ? AND trimmed.shard = shard.name"""
_ENTRIES: Final = """SELECT sequence, idx, payload FROM entry
    WHERE log = ? AND shard = ? AND (sequence, idx) >= (?, ?) ORDER BY sequence, idx LIMIT ?"""
_COUNT: Final = "SELECT count(*) FROM member WHERE shard = ? AND idx = ? AND score BETWEEN ? AND ?"
_RANGE: Final = """SELECT idx, member, score FROM member
    WHERE shard = ? AND idx = ? AND score BETWEEN ? AND ? {behind} ORDER BY score {way}, member {way} LIMIT ?"""
_NAMED: Final = """SELECT name, value, version, expires_at FROM document
    WHERE shard = ? AND name >= ? ORDER BY name LIMIT ?"""
_TOGETHER: Final = 500
"""Documents of a batch."""
_RANGES: Final = {
    (reverse, resumed): _RANGE.format(
        behind=f"AND (score, member) {'<' if reverse else '>'} (?, ?)" if resumed else "",
        way="DESC" if reverse else "ASC",
    )
    for reverse in (False, True)
    for resumed in (False, True)
}


class Walk(NamedTuple):
    """One step of a walk over a shard's documents: on from `start`, leaving out what has expired by `now`."""

    shard: str
    prefix: bytes
    start: bytes
    now: float


def read_log(
    connection: sqlite3.Connection, log: str, shards: Sequence[str], after: str, limit: int, lost: IsLost
) -> Page:
    """Return a page of the log as one snapshot. Raises CursorInvalid and CursorExpired."""
    connection.execute("BEGIN")
    try:
        states = _shard_states(connection, log, shards)
        paging = Paging(log, shards, after, limit, states, lost)
        while queries := paging.next_queries():
            for query in queries:
                rows = connection.execute(_ENTRIES, (log, query.shard, *query.place, query.most)).fetchall()
                paging.add_rows(query, rows, states[query.shard])
        return paging.finish_page()
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def range_members(
    connection: sqlite3.Connection,
    shard: str,
    index: bytes,
    scores: tuple[int, int],
    after: Member | None,
    limit: int,
    reverse: bool,
) -> list[Member]:
    """Return members with `scores[0]` <= score <= `scores[1]` in order, starting behind `after`."""
    resume = () if after is None else (after.score, after.member)
    sql = _RANGES[reverse, after is not None]
    rows = connection.execute(sql, (shard, index, *scores, *resume, max(limit, 0))).fetchall()
    return [Member(*row) for row in rows]


def count_members(connection: sqlite3.Connection, shard: str, index: bytes, low: int, high: int) -> int:
    """Return the number of members with low <= score <= high."""
    (number,) = connection.execute(_COUNT, (shard, index, low, high)).fetchone()
    return int(number)


def named_documents(connection: sqlite3.Connection, walk: Walk) -> tuple[KeyedDocuments, bytes | None]:
    """Return the next batch of documents whose names begin with the prefix, and the name to resume at; None = that
    was all.
    """
    rows = connection.execute(_NAMED, (walk.shard, walk.start, _TOGETHER)).fetchall()
    matching = [(name, Document(*rest)) for name, *rest in rows if name.startswith(walk.prefix)]
    documents = [
        (Key(walk.shard, name), document)
        for name, document in matching
        if document.expires_at is None or document.expires_at > walk.now
    ]
    return documents, matching[-1][0] + b"\0" if len(matching) == _TOGETHER else None


def _shard_states(connection: sqlite3.Connection, log: str, shards: Sequence[str]) -> dict[str, ShardState]:
    states = dict.fromkeys(shards, ShardState())
    for shard, counter, sequence, idx in connection.execute(_STATES, (json.dumps(list(shards)), log)):
        first = cursor.START if sequence is None else Position(sequence, idx + 1)
        states[shard] = ShardState(counter, first)
    return states
