"""Header: the store's own facts, and the values that restorations made it lose; read when it is opened.

`begin_anew` is called after an older state was restored: it moves every shard's counter far ahead and notes
the gap.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from consent_service.errors import StoreCorrupt, StoreMismatch, StoreNewer
from consent_service.store.lost_values import NOTHING_LOST, LostValues, start_anew
from consent_service.store.move_mark import MoveMark, decode_mark
from consent_service.store.names import DEFAULT_SHARDS
from consent_service.store.redis import key_layout
from consent_service.store.redis.commits import moved_error
from consent_service.store.redis.connection import pack_command
from consent_service.store.redis.handshake import ChannelPurpose
from consent_service.store.redis.key_layout import HEADER_SLOT, shard_keys
from consent_service.store.redis.router import Router
from consent_service.store.redis.scans import all_of
from consent_service.store.transfer.record_check import check_store_info
from consent_service.store.transfer.records import StoreInfo

VERSION: Final = 1


class RedisHeader(msgspec.Struct, frozen=True):
    """The store's id, its visitor shards for each site, when it was made (Unix seconds), how its data is laid out,
    and where the counters of new shards begin.
    """

    id: str
    shards: int
    created_at: int
    version: int = VERSION
    floor: int = 0

    @property
    def about(self) -> StoreInfo:
        """Return the facts that every copy of the store keeps."""
        return StoreInfo(self.id, self.shards, self.created_at, self.floor)


class _Gaps(msgspec.Struct, frozen=True):
    """The values that one shard lost: start of its counter, and the ranges, (last value kept, last value lost)."""

    born: int
    gaps: list[tuple[int, int]]


class StoreState(NamedTuple):
    """The header and the lost values of a store."""

    header: RedisHeader
    lost: LostValues


async def prepare_header(router: Router, name: str, shards: int | None, now: int) -> StoreState:
    """Return the store's header, made when it has none, and its lost values. `shards` None takes the store's own
    number.

    Raises StoreMismatch, StoreNewer, StoreCorrupt, StoreMoved.
    """
    if await router.ask_slot(ChannelPurpose.SCAN, HEADER_SLOT, pack_command(b"EXISTS", key_layout.MOVING)):
        raise moved_error(b"", name)
    moved = await read_moved(router, name)
    if moved is not None:
        raise moved.moved_error(name)
    new_header = RedisHeader(uuid.uuid4().hex, shards or DEFAULT_SHARDS, now)
    await router.ask_slot(  # whoever comes first makes it
        ChannelPurpose.WRITE,
        HEADER_SLOT,
        pack_command(b"SET", key_layout.HEADER, msgspec.json.encode(new_header), b"NX"),
    )
    state = await read_state(router, name)
    if shards is not None and state.header.shards != shards:
        raise StoreMismatch(
            f"{name} has {state.header.shards} shards, not {shards}: the number was fixed when the store was made"
        )
    return state


async def read_state(router: Router, name: str) -> StoreState:
    """Return the store's header and its lost values. Raises StoreNewer, StoreCorrupt."""
    header = await _read_header(router, name)
    return StoreState(header, await _read_lost(router, header, name))


async def begin_anew(router: Router, name: str, now: int) -> None:
    """Move all counters above every value that may have been taken before this state was restored, and note the
    gaps.

    `now` in Unix seconds. Nothing else may have the store open. Done again after an interruption it notes a
    second gap, or widens the first: neither denies more than was lost.
    """
    header = await _read_header(router, name)
    lost = await _read_lost(router, header, name)
    shards = await shards_of(router, name)
    heads = [pack_command(b"HGET", shard_keys(shard).head_key, b"n") for shard in shards]
    replies = await all_of(
        router.ask_slot(ChannelPurpose.SCAN, shard_keys(shard).slot, head)
        for shard, head in zip(shards, heads, strict=True)
    )
    last_values = {
        shard: parse_counter(reply, name) or 0 for shard, reply in zip(shards, replies, strict=True)
    }
    start = start_anew(now, header.floor, *last_values.values())
    for shard, last in last_values.items():
        gaps = [*(gap for gap in lost.gaps.get(shard, ()) if gap[0] != last), (last, start - 1)]
        note = lost_command(shard, lost.born.get(shard, header.floor), gaps)
        await router.ask_slot(ChannelPurpose.WRITE, HEADER_SLOT, note)
        await router.ask_slot(
            ChannelPurpose.WRITE,
            shard_keys(shard).slot,
            pack_command(b"HSET", shard_keys(shard).head_key, b"n", start),
        )
    anew = msgspec.json.encode(msgspec.structs.replace(header, floor=start))
    await router.ask_slot(ChannelPurpose.WRITE, HEADER_SLOT, pack_command(b"SET", key_layout.HEADER, anew))


def lost_command(shard: str, born: int, gaps: Sequence[tuple[int, int]]) -> bytes:
    """Return the packed command that notes the lost values of this shard."""
    return pack_command(b"HSET", key_layout.LOST, shard, msgspec.json.encode(_Gaps(born, list(gaps))))


async def _read_header(router: Router, name: str) -> RedisHeader:
    return open_header(
        await router.ask_slot(ChannelPurpose.SCAN, HEADER_SLOT, pack_command(b"GET", key_layout.HEADER)), name
    )


def open_header(document: bytes | None, name: str) -> RedisHeader:
    """Return the header decoded from its document. Raises StoreCorrupt, StoreNewer."""
    try:
        header = msgspec.json.decode(document or b"", type=RedisHeader)
    except msgspec.MsgspecError as error:
        raise StoreCorrupt(f"the header of {name} is damaged: restore a backup") from error
    if header.version > VERSION:
        raise StoreNewer(
            f"{name} has layout {header.version}, this service knows {VERSION}: install the newer one again"
        )
    if header.version < 1:
        raise StoreCorrupt(
            f"{name} has layout {header.version}, which no version of this service wrote: restore a backup"
        )
    check_store_info(header.about, name)
    return header


async def _read_lost(router: Router, header: RedisHeader, name: str) -> LostValues:
    if not header.floor:
        return NOTHING_LOST
    return open_lost(
        header,
        await router.ask_slot(ChannelPurpose.SCAN, HEADER_SLOT, pack_command(b"HGETALL", key_layout.LOST)),
        name,
    )


def open_lost(header: RedisHeader, reply: Sequence[bytes], name: str) -> LostValues:
    """Return the lost values decoded from their notes. Raises StoreCorrupt."""
    try:
        gaps_by_shard = {
            shard.decode(): msgspec.json.decode(gaps, type=_Gaps)
            for shard, gaps in zip(reply[::2], reply[1::2], strict=True)
        }
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreCorrupt(f"the record of lost values of {name} is damaged: restore a backup") from error
    return LostValues(
        header.floor,
        {shard: noted.born for shard, noted in gaps_by_shard.items()},
        {shard: noted.gaps for shard, noted in gaps_by_shard.items()},
    )


async def read_moved(router: Router, name: str) -> MoveMark | None:
    """Return the mark that a move left. Raises StoreCorrupt."""
    data = await router.ask_slot(ChannelPurpose.SCAN, HEADER_SLOT, pack_command(b"GET", key_layout.MOVED))
    return None if data is None else decode_mark(data, name)


def parse_counter(number: bytes | None, name: str) -> int | None:
    """Return a counter from its text, or None without one. Raises StoreCorrupt for anything else."""
    try:
        return None if number is None else int(number)
    except ValueError as error:
        raise StoreCorrupt(f"a counter of {name} is damaged: restore a backup") from error


async def shards_of(router: Router, name: str) -> list[str]:
    """Return every shard that was ever written, in the order of their first commits. Raises StoreCorrupt."""
    return decode_names(
        await router.ask_slot(
            ChannelPurpose.SCAN, HEADER_SLOT, pack_command(b"ZRANGE", key_layout.SHARDS, 0, -1)
        ),
        name,
    )


def decode_names(shards: Sequence[bytes], name: str) -> list[str]:
    """Return the names of shards that were read. Raises StoreCorrupt for what is no text."""
    try:
        return [shard.decode() for shard in shards]
    except UnicodeDecodeError as error:
        raise StoreCorrupt(f"the register of shards of {name} is damaged: restore a backup") from error
