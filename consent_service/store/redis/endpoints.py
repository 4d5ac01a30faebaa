"""Redis servers as the source and the target of a copy.

The keys of a shard are found by walking the node that serves it. While a store is copied here,
`{consent}moving` says so, and nobody can open it; it also names the complete shards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from consent_service.errors import StoreUnavailable
from consent_service.store.contract import Document as Stored
from consent_service.store.move_mark import MoveMark
from consent_service.store.redis import key_layout, store_header
from consent_service.store.redis.address import StoreAddress
from consent_service.store.redis.commits import lifetime_milliseconds, register_command
from consent_service.store.redis.connection import pack_command
from consent_service.store.redis.handshake import ChannelPurpose
from consent_service.store.redis.key_layout import HEADER_SLOT, ShardKeys, shard_keys
from consent_service.store.redis.keyspace import require_known_keys
from consent_service.store.redis.opened_store import find_servers
from consent_service.store.redis.router import Router
from consent_service.store.redis.scans import all_of, master_of, node_keys, taken_over
from consent_service.store.transfer.record_check import unsound_error
from consent_service.store.transfer.records import (
    BATCH,
    DocumentRecord,
    EntryRecord,
    MemberRecord,
    Record,
    ShardHead,
    StoreInfo,
    TrimRecord,
    decode_head,
)

_SPOILT: Final = (ValueError, OverflowError, IndexError)
"""Exceptions of reading foreign data: text that is no UTF-8, numbers that are none."""
_ABOUT: Final = b""
"""The field of `{consent}moving` that says which store or backup is copied; all others are shards."""


@asynccontextmanager
async def open_source(target: StoreAddress) -> AsyncIterator[RedisEndpoint]:
    """Yield the store on these servers as a source. Raises StoreUnavailable when there is none, or only half of one.

    Raises StoreCorrupt when keys lie there that a copy would lack.
    """
    async with _open_router(target, relaxed=True) as router:
        checks = [pack_command(b"EXISTS", name) for name in (key_layout.HEADER, key_layout.MOVING)]
        if await all_of(router.ask_slot(ChannelPurpose.SCAN, HEADER_SLOT, check) for check in checks) != [
            1,
            0,
        ]:
            raise StoreUnavailable(f"there is no store at {target.name}, or only half a copy")
        state = await store_header.read_state(router, target.name)
        await require_known_keys(router, target.name)
        moved = await store_header.read_moved(router, target.name)
        yield RedisEndpoint(router, target.name, state.header.about, state, moved=moved)


@asynccontextmanager
async def open_target(
    servers: StoreAddress, *, relaxed: bool, back: bool = False
) -> AsyncIterator[RedisEndpoint]:
    """Yield the servers as a target; `begin_copy` checks what lies there. `back`: it may be the store that was moved
    away.
    """
    async with _open_router(servers, relaxed=relaxed) as router:
        yield RedisEndpoint(router, servers.name, StoreInfo("", 0, 0), None, back=back)


class RedisEndpoint:
    """`records.Source` and `records.Target` over one router. `known`: the store's header, for a source."""

    def __init__(
        self,
        router: Router,
        name: str,
        about: StoreInfo,
        state: store_header.StoreState | None,
        *,
        moved: MoveMark | None = None,
        back: bool = False,
    ) -> None:
        self.name = name
        self.about = about
        self.moved = moved
        self._router = router
        self._known = state
        self._back = back

    async def shards(self) -> list[str]:
        """Return the names of all shards that were ever written."""
        return await store_header.shards_of(self._router, self.name)

    async def read_head(self, shard: str) -> ShardHead:
        """Return the shard's head, which changes with every commit to the shard."""
        counter = await self._ask_shard(shard_keys(shard), b"HGET", shard_keys(shard).head_key, b"n")
        assert self._known is not None
        lost = self._known.lost
        born = lost.born.get(shard, self.about.floor)
        gaps = tuple(sorted((low, high) for low, high in lost.gaps.get(shard, ())))
        return ShardHead(store_header.parse_counter(counter, self.name) or self.about.floor, born, gaps)

    async def read_records(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record of the shard in order, in batches; documents expired by `now` (Unix seconds) are left
        out.
        """
        try:
            async for records in self._records_of(shard, now):
                yield records
        except _SPOILT as error:
            raise unsound_error(self.name, f"{shard} holds what this service never wrote") from error

    async def mark_moved(self, moved: MoveMark) -> None:
        """Make the mark durable: the source acknowledges no commit from then on."""
        mark = moved.encode_mark()  # from here on no shard begins, so that the list of them is whole
        await self._write_all(HEADER_SLOT, [pack_command(b"SET", key_layout.MOVED, mark)])
        for where in map(shard_keys, await self.shards()):
            await self._write_all(where.slot, [pack_command(b"HSET", where.head_key, b"m", mark)])

    async def _records_of(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        where = shard_keys(shard)
        documents, indexes, logs = await self._names_by_kind(where)
        for at in range(0, len(documents), BATCH):
            yield await self._read_documents(where, documents[at : at + BATCH], now)
        for index in indexes:
            async for members in self._read_members(where, index):
                yield members
        yield await self._read_trims(where)
        for log in logs:
            async for entries in self._read_entries(where, log):
                yield entries

    async def begin_copy(self, about: StoreInfo, saved: bytes = b"") -> Mapping[str, ShardHead]:
        """Prepare the place and return the heads of the shards that it holds already. Raises StoreUnavailable."""
        packed = msgspec.json.encode(about) + saved.hex().encode()
        reply = await self._ask_header(b"HGETALL", key_layout.MOVING)
        heads = dict(zip(reply[::2], reply[1::2], strict=True))
        moved_store = await self._left_behind()
        if heads and heads.pop(_ABOUT) != packed:
            raise StoreUnavailable(
                f"{self.name} holds half a copy of another store, or of another backup: end that one with its own "
                "command, empty the database, or name another"
            )
        if moved_store is not None and moved_store != about.id:
            raise StoreUnavailable(f"{self.name} holds another store, which was moved away: empty it first")
        if not reply and moved_store is None:
            await self._require_empty()
        await self._write_all(HEADER_SLOT, [pack_command(b"HSET", key_layout.MOVING, _ABOUT, packed)])
        if moved_store is not None:
            await self._make_room(heads)
            heads = {}
        names = store_header.decode_names(list(heads), self.name)
        return {name: decode_head(head, self.name) for name, head in zip(names, heads.values(), strict=True)}

    async def clear_shard(self, shard: str) -> None:
        """Remove what an interrupted attempt left of the shard."""
        where = shard_keys(shard)
        await self._write_all(HEADER_SLOT, [pack_command(b"HDEL", key_layout.MOVING, shard)])
        await self._unlink_shard(where)

    async def put_records(self, shard: str, records: Sequence[Record], now: int) -> None:
        """Write the records of a shard."""
        where = shard_keys(shard)
        await self._write_all(where.slot, [_put_command(where, record, now) for record in records])

    async def seal_shard(self, shard: str, head: ShardHead) -> None:
        """Note that the shard is whole."""
        where = shard_keys(shard)
        await self._write_all(HEADER_SLOT, [store_header.lost_command(shard, head.born, head.gaps)])
        # The mark `m` lets nobody commit to half a copy; `complete_copy` removes it.
        copied = pack_command(b"HSET", where.head_key, b"n", head.counter, b"m", b"")
        await self._write_all(where.slot, [copied])
        await self._write_all(HEADER_SLOT, [register_command(shard, copied=True)])
        await self._write_all(
            HEADER_SLOT, [pack_command(b"HSET", key_layout.MOVING, shard, msgspec.json.encode(head))]
        )

    async def complete_copy(self, about: StoreInfo, restored_at: int | None) -> None:
        """Turn the copy into a store; with `restored_at` (Unix seconds) into one that knows what it may have lost."""
        header = store_header.RedisHeader(about.id, about.shards, about.created_at, floor=about.floor)
        await self._write_all(
            HEADER_SLOT, [pack_command(b"SET", key_layout.HEADER, msgspec.json.encode(header))]
        )
        if restored_at is not None:
            await store_header.begin_anew(self._router, self.name, restored_at)
        for where in map(shard_keys, await self.shards()):
            await self._write_all(where.slot, [pack_command(b"HDEL", where.head_key, b"m")])
        await self._write_all(HEADER_SLOT, [pack_command(b"DEL", key_layout.MOVING, key_layout.MOVED)])

    async def _left_behind(self) -> str | None:
        """Return the id of the store that was moved away from here and still lies here, or None."""
        if not self._back or not await self._ask_header(b"EXISTS", key_layout.MOVED):
            return None
        data = await self._ask_header(b"GET", key_layout.HEADER)
        return None if data is None else store_header.open_header(data, self.name).id

    async def _make_room(self, noted: Iterable[bytes]) -> None:
        """Remove the store that was moved away: its shards, then the register of them. Its mark stays."""
        for shard in await self.shards():
            await self._unlink_shard(shard_keys(shard))
        forget = [pack_command(b"HDEL", key_layout.MOVING, shard) for shard in noted]
        await self._write_all(
            HEADER_SLOT,
            [*forget, pack_command(b"DEL", key_layout.HEADER, key_layout.SHARDS, key_layout.LOST)],
        )

    async def _require_empty(self) -> None:
        counted = [
            self._router.ask_node(master, ChannelPurpose.SCAN, pack_command(b"DBSIZE"))
            for master in self._router.masters
        ]
        if any(await all_of(counted)):
            raise StoreUnavailable(
                f"{self.name} is not empty: name another database, or empty this one first"
            )

    async def _names_by_kind(self, where: ShardKeys) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Return the names of a shard's documents, indexes and logs, each kind in order."""
        names_by_kind: dict[bytes, set[bytes]] = {b"d": set(), b"i": set(), b"l": set()}
        at = len(where.prefix)
        async for walked in self._walk_keys(where):
            for key in walked:
                names_by_kind.get(key[at : at + 1], set()).add(key[at + 1 :])
        documents, indexes, logs = (sorted(names) for names in names_by_kind.values())
        return documents, indexes, logs

    async def _walk_keys(self, where: ShardKeys) -> AsyncIterator[list[bytes]]:
        """Yield all keys of the shard, some maybe twice. Raises StoreUnavailable when another node takes the shard
        over.
        """
        master = master_of(self._router, self.name, where.slot)
        async for batch in node_keys(self._router, master, where.prefix):
            yield batch
        if master_of(self._router, self.name, where.slot) != master:
            raise taken_over(self.name)

    async def _unlink_shard(self, where: ShardKeys) -> None:
        async for batch in self._walk_keys(where):
            await self._write_all(where.slot, [pack_command(b"UNLINK", key) for key in batch])

    async def _read_documents(self, where: ShardKeys, names: list[bytes], now: int) -> list[Record]:
        replies = await self._ask_shard(where, b"MGET", *map(where.document_key, names))
        for name in (name for name, data in zip(names, replies, strict=True) if data is None):
            # One that has expired meanwhile is gone; one that is still there is of another type.
            if await self._ask_shard(where, b"EXISTS", where.document_key(name)):
                raise ValueError(name)
        documents = (
            (name, key_layout.unpack_document(data, now)) for name, data in zip(names, replies, strict=True)
        )
        return [
            DocumentRecord(name, document.version, document.expires_at, document.value)
            for name, document in documents
            if document
        ]

    async def _read_members(self, where: ShardKeys, index: bytes) -> AsyncIterator[list[Record]]:
        at = 0
        while reply := await self._ask_shard(
            where, b"ZRANGE", where.index_key(index), at, at + BATCH - 1, b"WITHSCORES"
        ):
            pairs = zip(reply[::2], reply[1::2], strict=True)
            yield [MemberRecord(index, _parse_score(score), member) for member, score in pairs]
            at += BATCH

    async def _read_trims(self, where: ShardKeys) -> list[Record]:
        fields = await self._ask_shard(where, b"HGETALL", where.head_key)
        pairs = sorted(zip(fields[::2], fields[1::2], strict=True))
        return [TrimRecord(name[1:].decode(), *_parse_position(at)) for name, at in pairs if name[:1] == b"t"]

    async def _read_entries(self, where: ShardKeys, log: bytes) -> AsyncIterator[list[Record]]:
        name, first = log.decode(), b"-"
        while reply := await self._ask_shard(
            where, b"XRANGE", where.log_key(name), first, b"+", b"COUNT", BATCH
        ):
            yield [EntryRecord(name, *_parse_position(at), _entry_payload(fields)) for at, fields in reply]
            first = b"(" + reply[-1][0]

    async def _ask_shard(self, where: ShardKeys, *words: bytes | int) -> Any:
        return await self._router.ask_slot(ChannelPurpose.SCAN, where.slot, pack_command(*words))

    async def _ask_header(self, *words: bytes) -> Any:
        return await self._router.ask_slot(ChannelPurpose.SCAN, HEADER_SLOT, pack_command(*words))

    async def _write_all(self, slot: int, commands: Iterable[bytes]) -> None:
        """Send the commands in order on one connection; when this returns they are as durable as a commit."""
        await all_of(self._router.ask_slot(ChannelPurpose.WRITE, slot, command) for command in commands)


@asynccontextmanager
async def _open_router(target: StoreAddress, *, relaxed: bool) -> AsyncIterator[Router]:
    router = (await find_servers(target, relaxed=relaxed)).new_router()
    try:
        yield router
    finally:
        await router.close(0)


def _put_command(where: ShardKeys, record: Record, now: int) -> bytes:
    match record:
        case DocumentRecord(name, version, expires_at, value):
            data = key_layout.pack_document(Stored(value, version, expires_at))
            life = () if expires_at is None else (b"PX", lifetime_milliseconds(expires_at, now))
            return pack_command(b"SET", where.document_key(name), data, *life)
        case MemberRecord(index, score, member):
            return pack_command(b"ZADD", where.index_key(index), score, member)
        case TrimRecord(log, sequence, number):
            return pack_command(b"HSET", where.head_key, b"t" + log.encode(), b"%d-%d" % (sequence, number))
        case EntryRecord(log, sequence, number, payload):
            return pack_command(b"XADD", where.log_key(log), b"%d-%d" % (sequence, number), b"e", payload)


def _parse_score(text: bytes) -> int:
    """Return a score as this service writes it. Raises ValueError for a fraction, OverflowError for infinity."""
    score = float(text)
    if int(score) != score:
        raise ValueError(text)
    return int(score)


def _entry_payload(fields: list[bytes]) -> bytes:
    """Return the payload of a log's entry. Raises ValueError for an entry that this service did not write."""
    name, payload = fields
    if name != b"e":
        raise ValueError(name)
    return payload


def _parse_position(text: bytes) -> tuple[int, int]:
    sequence, _, number = text.partition(b"-")
    return int(sequence), int(number)
