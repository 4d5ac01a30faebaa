"""Records: the contents of a shard, in a form that is the same for every engine, with count and digest.

A move and a backup both send records from one place to another. Records come in one order whatever engine
gives them (documents by name, members by index, score and member, trims by log, entries by log and position),
so two copies of a shard are equal exactly when count and digest are. Knows no engine and no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple, Protocol

import msgspec

from consent_service.errors import StoreCorrupt
from consent_service.store.move_mark import MoveMark

BATCH: Final = 500
"""Records that travel together: what is in memory at once."""
MOST_GAPS: Final = 10_000
"""Restorations that a shard may have behind it."""
LARGE: Final = 1 << 24
"""Bytes of records behind which a batch ends early."""


class StoreInfo(msgspec.Struct, frozen=True):
    """Facts of a store that every copy keeps: id, visitor shards for each site, time of creation (Unix seconds),
    start of the counters of new shards.
    """

    id: str
    shards: int
    created_at: int
    floor: int = 0


class ShardHead(msgspec.Struct, frozen=True):
    """A shard's counter, and what restorations made it lose, as `lost_values.LostValues` says."""

    counter: int
    born: int = 0
    gaps: Annotated[tuple[tuple[int, int], ...], msgspec.Meta(max_length=MOST_GAPS)] = ()


def decode_head(data: bytes | str, where: str) -> ShardHead:
    """Return the head that half a copy notes for a whole shard. Raises StoreCorrupt."""
    try:
        return msgspec.json.decode(data, type=ShardHead)
    except msgspec.MsgspecError as error:
        raise StoreCorrupt(f"{where} is half a copy that is damaged: empty it, then begin again") from error


class DocumentRecord(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """A document of a shard. `expires_at` is Unix seconds, None = never."""

    name: bytes
    version: int
    expires_at: int | None
    value: bytes


class MemberRecord(msgspec.Struct, frozen=True, array_like=True, tag="m"):
    """A member of an index."""

    index: bytes
    score: int
    member: bytes


class TrimRecord(msgspec.Struct, frozen=True, array_like=True, tag="t"):
    """The last position that was dropped from a log."""

    log: str
    sequence: int
    number: int


class EntryRecord(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """An entry of a log, with its position."""

    log: str
    sequence: int
    number: int
    payload: bytes


Record = DocumentRecord | MemberRecord | TrimRecord | EntryRecord
_SIZES: Final[Mapping[type[Record], Callable[[Any], int]]] = {
    DocumentRecord: lambda record: len(record.name) + len(record.value),
    MemberRecord: lambda record: len(record.index) + len(record.member),
    TrimRecord: lambda record: len(record.log),
    EntryRecord: lambda record: len(record.log) + len(record.payload),
}
Batches = AsyncIterator[Sequence[Record]]


def in_batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield the records in batches of at most BATCH, cut early where they are large."""
    batch, size = list[Record](), 0
    for record in records:
        batch.append(record)
        size += _SIZES[type(record)](record)
        if len(batch) == BATCH or size >= LARGE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Tally(NamedTuple):
    """The number of records, and their SHA-256."""

    records: int
    digest: bytes


class CopySource(Protocol):
    """A store that is read shard by shard.

    `moved`: the mark that an earlier move left, or None.
    """

    name: str
    about: StoreInfo
    moved: MoveMark | None

    async def shards(self) -> list[str]:
        """Return the names of all shards that were ever written."""

    async def read_head(self, shard: str) -> ShardHead:
        """Return the shard's head, which changes with every commit to the shard."""

    def read_records(self, shard: str, now: int) -> Batches:
        """Yield every record of the shard in order, in batches; documents expired by `now` (Unix seconds) are left
        out.
        """

    async def mark_moved(self, moved: MoveMark) -> None:
        """Make the mark durable: the source acknowledges no commit from then on."""


class CopyTarget(Protocol):
    """A place that a store is copied into. It can't be opened as a store before `complete_copy`."""

    name: str

    async def begin_copy(self, about: StoreInfo, saved: bytes = b"") -> Mapping[str, ShardHead]:
        """Prepare the place and return the heads of the shards that it holds already. Raises
        StoreUnavailable.

        The place is empty, or an interrupted copy of the same store, or this store was moved away from there;
        any other place raises. `saved`: the digest of the backup that is copied, b"" for the store itself. A
        copy of the one never resumes a copy of the other.
        """

    async def clear_shard(self, shard: str) -> None:
        """Remove what an interrupted attempt left of the shard."""

    async def put_records(self, shard: str, records: Sequence[Record], now: int) -> None:
        """Write the records of a shard."""

    def read_records(self, shard: str, now: int) -> Batches:
        """Yield every record of the shard in order, in batches; documents expired by `now` (Unix seconds) are left
        out.
        """

    async def seal_shard(self, shard: str, head: ShardHead) -> None:
        """Note that the shard is whole."""

    async def complete_copy(self, about: StoreInfo, restored_at: int | None) -> None:
        """Turn the copy into a store; with `restored_at` (Unix seconds) into one that knows what it may have lost."""


class TallyBuilder:
    """Counter and digest of records as they pass."""

    def __init__(self) -> None:
        self._count = 0
        self._digest = hashlib.sha256()

    def add_records(self, records: Sequence[Record]) -> None:
        """Count these records and add them to the digest."""
        for record in records:
            self._count += 1
            self._digest.update(msgspec.msgpack.encode(record))

    def tally(self) -> Tally:
        """Return the count and the digest of all records so far."""
        return Tally(self._count, self._digest.digest())
