"""Header: what a store says of itself, and what restorations made it lose; read when it is opened.

A restored older state is told apart by whoever puts it back: `begin_anew` moves every shard's counter far ahead
and notes the gap.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from consent_service.errors import StoreCorrupt, StoreMismatch, StoreNewer, StoreUnavailable
from consent_service.store.keys import DEFAULT_SHARDS
from consent_service.store.lost import NOTHING_LOST, Lost, start_anew
from consent_service.store.redis import layout
from consent_service.store.redis.connection import pack
from consent_service.store.redis.greeting import Purpose
from consent_service.store.redis.layout import HEADER_SLOT, place
from consent_service.store.redis.network import Network
from consent_service.store.redis.scans import all_of

VERSION: Final = 1


class Header(msgspec.Struct, frozen=True):
    """The store's id, its visitor shards for each site, when it was made (Unix seconds), how its data is laid out,
    and where the counters of new shards begin.
    """

    id: str
    shards: int
    created_at: int
    version: int = VERSION
    floor: int = 0


class _Gaps(msgspec.Struct, frozen=True):
    """What one shard lost: where its counter began, and the ranges, (last value kept, last value lost)."""

    born: int
    gaps: list[tuple[int, int]]


class Known(NamedTuple):
    header: Header
    lost: Lost


async def prepare(network: Network, name: str, shards: int | None, now: int) -> Known:
    """The store's header, made when it has none, and what it lost. `shards` None takes the store's own number.

    Raises StoreMismatch, StoreNewer, StoreCorrupt.
    """
    if await network.ask(Purpose.SCAN, HEADER_SLOT, pack(b"EXISTS", layout.MOVING)):
        raise StoreUnavailable(f"a store is being copied to {name}: finish that first, with the same command")
    fresh = Header(uuid.uuid4().hex, shards or DEFAULT_SHARDS, now)
    await network.ask(  # whoever comes first makes it
        Purpose.WRITE, HEADER_SLOT, pack(b"SET", layout.HEADER, msgspec.json.encode(fresh), b"NX")
    )
    known = await read(network, name)
    if shards is not None and known.header.shards != shards:
        raise StoreMismatch(
            f"{name} has {known.header.shards} shards, not {shards}: the number was fixed when the store was made"
        )
    return known


async def read(network: Network, name: str) -> Known:
    """What the store says of itself and has lost. Raises StoreNewer, StoreCorrupt."""
    header = await _read(network, name)
    return Known(header, await _lost(network, header))


async def begin_anew(network: Network, name: str, now: int) -> None:
    """Move all counters behind whatever may have been taken before this state was restored, and note the gaps.

    `now` in Unix seconds. Nothing else may have the store open. Done again after an interruption it notes a
    second gap, which denies no more than the first.
    """
    header = await _read(network, name)
    lost = await _lost(network, header)
    shards = await shards_of(network)
    heads = [pack(b"HGET", place(shard).head, b"n") for shard in shards]
    replies = await all_of(
        network.ask(Purpose.SCAN, place(shard).slot, head) for shard, head in zip(shards, heads, strict=True)
    )
    taken = {shard: int(reply or 0) for shard, reply in zip(shards, replies, strict=True)}
    start = start_anew(now, header.floor, *taken.values())
    for shard, kept in taken.items():
        gaps = [*lost.gaps.get(shard, ()), (kept, start - 1)]
        note = lost_command(shard, lost.born.get(shard, header.floor), gaps)
        await network.ask(Purpose.WRITE, HEADER_SLOT, note)
        await network.ask(Purpose.WRITE, place(shard).slot, pack(b"HSET", place(shard).head, b"n", start))
    anew = msgspec.json.encode(msgspec.structs.replace(header, floor=start))
    await network.ask(Purpose.WRITE, HEADER_SLOT, pack(b"SET", layout.HEADER, anew))


def lost_command(shard: str, born: int, gaps: Sequence[tuple[int, int]]) -> bytes:
    """The packed note of what this shard lost."""
    return pack(b"HSET", layout.LOST, shard, msgspec.json.encode(_Gaps(born, list(gaps))))


async def _read(network: Network, name: str) -> Header:
    return open_header(await network.ask(Purpose.SCAN, HEADER_SLOT, pack(b"GET", layout.HEADER)), name)


def open_header(found: bytes | None, name: str) -> Header:
    """The header that was read. Raises StoreCorrupt, StoreNewer."""
    try:
        header = msgspec.json.decode(found or b"", type=Header)
    except msgspec.MsgspecError as error:
        raise StoreCorrupt(f"the header of {name} is damaged: restore a backup") from error
    if header.version > VERSION:
        raise StoreNewer(
            f"{name} has layout {header.version}, this service knows {VERSION}: install the newer one again"
        )
    return header


async def _lost(network: Network, header: Header) -> Lost:
    if not header.floor:
        return NOTHING_LOST
    return open_lost(header, await network.ask(Purpose.SCAN, HEADER_SLOT, pack(b"HGETALL", layout.LOST)))


def open_lost(header: Header, reply: Sequence[bytes]) -> Lost:
    """What the notes that were read say."""
    found = {
        shard.decode(): msgspec.json.decode(gaps, type=_Gaps)
        for shard, gaps in zip(reply[::2], reply[1::2], strict=True)
    }
    return Lost(
        header.floor,
        {shard: one.born for shard, one in found.items()},
        {shard: one.gaps for shard, one in found.items()},
    )


async def shards_of(network: Network) -> list[str]:
    """Every shard that was ever written, in the order of their first commits."""
    names = await network.ask(Purpose.SCAN, HEADER_SLOT, pack(b"ZRANGE", layout.SHARDS, 0, -1))
    return [name.decode() for name in names]
