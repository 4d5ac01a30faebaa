"""Scans: reads of more than single documents: logs merged over shards, indexes, and a node's keys."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from typing import Any, Final

from consent_service.errors import StoreUnavailable
from consent_service.store import cursor
from consent_service.store.contract import Member, Page, Position
from consent_service.store.paging import IsLost, Paging, Row, ShardQuery, ShardState
from consent_service.store.redis import scripts
from consent_service.store.redis.address import Address
from consent_service.store.redis.connection import Word, pack_command
from consent_service.store.redis.faults import unstorable_error
from consent_service.store.redis.handshake import ChannelPurpose
from consent_service.store.redis.key_layout import shard_keys
from consent_service.store.redis.router import Router

_WALKED: Final = 5_000
"""Keys that a node looks at in one step of a walk."""


async def read_log(
    router: Router, log: str, shards: Sequence[str], after: str, limit: int, lost: IsLost
) -> Page:
    """Return a page of the log; each shard's part is a snapshot. Raises CursorInvalid and CursorExpired."""
    probes = [ShardQuery(number, shard, cursor.START, 0) for number, shard in enumerate(shards)]
    states = dict(zip(shards, [state for _, state in await _read_parts(router, log, probes)], strict=True))
    paging = Paging(log, shards, after, limit, states, lost)
    while queries := paging.next_queries():
        for query, (rows, state) in zip(queries, await _read_parts(router, log, queries), strict=True):
            paging.add_rows(query, rows, state)
    return paging.finish_page()


async def range_members(
    router: Router,
    shard: str,
    index: bytes,
    scores: tuple[int, int],
    after: Member | None,
    limit: int,
    reverse: bool,
) -> list[Member]:
    """Return members with `scores[0]` <= score <= `scores[1]` in order, starting behind `after`."""
    where = shard_keys(shard)
    resume: list[Word] = [] if after is None else [after.score, after.member]
    words = [where.index_key(index), *scores, max(limit, 0), int(reverse), *resume]
    command = pack_command(b"EVALSHA", scripts.RANGE.digest, 1, *words)
    reply = await router.ask_slot(ChannelPurpose.SCAN, where.slot, command)
    entries = [Member(index, member, int(float(score))) for member, score in _score_pairs(reply)]
    return entries[::-1] if reverse else entries


async def count_members(router: Router, shard: str, index: bytes, low: int, high: int) -> int:
    """Return the number of members with low <= score <= high."""
    where = shard_keys(shard)
    return int(
        await router.ask_slot(
            ChannelPurpose.SCAN, where.slot, pack_command(b"ZCOUNT", where.index_key(index), low, high)
        )
    )


async def node_keys(router: Router, master: Address, prefix: bytes) -> AsyncIterator[list[bytes]]:
    """Yield all keys of a node that begin with `prefix`, in batches, some maybe twice."""
    pattern = re.sub(rb"([*?\[\]\\^-])", rb"\\\1", prefix) + b"*"
    cursor = b"0"
    while True:
        command = pack_command(b"SCAN", cursor, b"MATCH", pattern, b"COUNT", _WALKED)
        cursor, batch = await router.ask_node(master, ChannelPurpose.SCAN, command)
        if batch:
            yield batch
        if cursor == b"0":
            return


def master_of(router: Router, name: str, slot: int) -> Address:
    """Return the master of the slot. Raises StoreUnavailable when nobody serves it."""
    master = router.master_of(slot)
    if master is None:
        raise taken_over(name)
    return master


def taken_over(name: str) -> StoreUnavailable:
    """Return the error for a walk that can't have seen everything."""
    return StoreUnavailable(f"{name}: another node took over meanwhile: do this again")


async def all_of(replies: Iterable[Awaitable[Any]]) -> list[Any]:
    """Return all replies. If some failed, raise the first failure once the others are done too."""
    results = await asyncio.gather(*replies, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def _read_parts(
    router: Router, log: str, queries: Iterable[ShardQuery]
) -> list[tuple[Sequence[Row], ShardState]]:
    """Return each shard's part of the page; all are asked at once."""
    replies = await all_of(
        router.ask_slot(ChannelPurpose.SCAN, shard_keys(query.shard).slot, _part_command(log, query))
        for query in queries
    )
    return [_unpack_part(*reply) for reply in replies]


def _part_command(log: str, query: ShardQuery) -> bytes:
    where = shard_keys(query.shard)
    first = b"%d-%d" % query.place
    try:
        words: list[Word] = [where.head_key, where.log_key(log), b"t" + log.encode(), first, query.most]
    except UnicodeEncodeError as error:
        raise unstorable_error(error) from error
    return pack_command(b"EVALSHA", scripts.READ.digest, 2, *words)


def _unpack_part(
    counter: bytes | None, trimmed: bytes | None, entries: list[Any]
) -> tuple[Sequence[Row], ShardState]:
    rows = [(*_parse_position(at), payload) for at, (_, payload) in entries]
    first = cursor.START if trimmed is None else _next_position(_parse_position(trimmed))
    return rows, ShardState(int(counter or 0), first)


def _parse_position(text: bytes) -> Position:
    sequence, _, number = text.partition(b"-")
    return Position(int(sequence), int(number))


def _next_position(position: Position) -> Position:
    return Position(position.sequence, position.number + 1)


def _score_pairs(reply: list[bytes]) -> Iterable[tuple[bytes, bytes]]:
    return zip(reply[::2], reply[1::2], strict=True)
