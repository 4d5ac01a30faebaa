"""Check of records: the rules for a store's header, each shard's head and every record, whoever wrote them.

A backup may come from anywhere and its digest may fit all the same, so everything that breaks these rules is
refused. They hold for backups of every engine and for the source of a move. Knows no engine and no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from consent_service.errors import StoreCorrupt
from consent_service.store import names
from consent_service.store.causes import printable_line
from consent_service.store.lost_values import highest_possible
from consent_service.store.transfer.records import (
    MOST_GAPS,
    CopySource,
    DocumentRecord,
    EntryRecord,
    MemberRecord,
    Record,
    ShardHead,
    StoreInfo,
    TallyBuilder,
    TrimRecord,
)

_EXACT: Final = 2**53
_LONGEST_ID: Final = 64
_EVER: Final = -(2**62)
"""A time before every expiry: nothing is left out."""
_ORDER: Final[dict[type[Record], int]] = {DocumentRecord: 0, MemberRecord: 1, TrimRecord: 2, EntryRecord: 3}


async def verify_source(source: CopySource, now: int) -> bytes:
    """Read all that `source` holds and return the digest of it (SHA-256). Raises StoreCorrupt for what is unsound.

    The digest is the same for every copy of the store, in whichever engine. `now` in Unix seconds.
    """
    check_store_info(source.about, source.name)
    if source.about.floor > highest_possible(now):
        raise unsound_error(
            source.name, "its counters begin out of range, or this machine's clock is far behind"
        )
    digest = hashlib.sha256(msgspec.msgpack.encode(source.about))
    shards = await source.shards()
    if len(set(shards)) != len(shards):
        raise unsound_error(source.name, "it holds a shard twice")
    for shard in sorted(shards):
        head = await source.read_head(shard)
        records = ShardCheck(shard, source.about.shards, head, now)
        async for batch in source.read_records(shard, _EVER):
            records.add_records(batch)
        records.require_sound(source.name)
        digest.update(msgspec.msgpack.encode((shard, head, records.tally())))
    return digest.digest()


def check_store_info(about: StoreInfo, where: str) -> None:
    """Raise StoreCorrupt unless these can be the facts of a store."""
    if not 0 < len(about.id) <= _LONGEST_ID:
        raise unsound_error(where, "its id is not a store's id")
    if not 1 <= about.shards <= names.MOST_SHARDS:
        raise unsound_error(where, f"it claims {about.shards} shards a site, of 1 to {names.MOST_SHARDS}")
    if not (0 <= about.created_at < _EXACT and 0 <= about.floor < _EXACT):
        raise unsound_error(where, "a number in its header is out of range")


class ShardCheck(TallyBuilder):
    """Counter of one shard's records that remembers the first one that no store can hold."""

    def __init__(self, shard: str, shards: int, head: ShardHead, now: int) -> None:
        super().__init__()
        self._shard = shard
        self._shards = shards
        self._counter = head.counter
        self._last: tuple[object, ...] = ()
        self._index = b""
        self._members: set[bytes] = set()
        self._trims: dict[str, tuple[int, int]] = {}
        self._fault = "" if names.is_shard(shard, shards) else f"{shard!r} is not one of its shards"
        if not 0 <= head.born <= head.counter <= highest_possible(now):
            self._note_fault("its counter is out of range, or this machine's clock is far behind")
        ordered = all(gap[0] < later[0] for gap, later in pairwise(head.gaps))
        within = all(0 <= after <= through < head.counter for after, through in head.gaps)
        if not (ordered and within and len(head.gaps) <= MOST_GAPS):
            self._note_fault("the lost values of its counter are out of range")

    def add_records(self, records: Sequence[Record]) -> None:
        """Count these records and check each, up to the first fault."""
        super().add_records(records)
        if self._fault:
            return
        for record in records:
            place = _sort_place(record)
            if place <= self._last:
                self._note_fault("its records are out of order or doubled")
            self._last = place
            if fault := self._fault_of(record):
                self._note_fault(fault)

    def require_sound(self, where: str) -> None:
        """Raise StoreCorrupt for the first fault, if there was one."""
        if self._fault:
            raise unsound_error(where, self._fault)

    def _note_fault(self, fault: str) -> None:
        self._fault = self._fault or f"{self._shard}: {fault}"

    def _fault_of(self, record: Record) -> str:
        match record:
            case DocumentRecord(name, version, expires_at, _):
                if not 1 <= version <= self._counter:
                    return "a document's version is not one that its counter took"
                if expires_at is not None and abs(expires_at) > _EXACT:
                    return "a document's expiry is out of range"
                if names.is_astray(self._shard, name, self._shards):
                    return "it holds a record of another shard"
            case MemberRecord(index, score, member):
                return self._fault_of_member(index, score, member)
            case TrimRecord(log, sequence, number):
                self._trims[log] = sequence, number
                if not (0 <= sequence <= self._counter and 0 <= number < _EXACT):
                    return "a log was trimmed beyond its end"
            case EntryRecord(log, sequence, number, _):
                if not (1 <= sequence <= self._counter and 0 <= number < _EXACT):
                    return "an entry's position is not one that its counter took"
                if (sequence, number) <= self._trims.get(log, (0, 0)):
                    return "it holds an entry that was trimmed away"
        return ""

    def _fault_of_member(self, index: bytes, score: int, member: bytes) -> str:
        if index != self._index:
            self._index, self._members = index, set()
        before = len(self._members)
        self._members.add(member)
        if len(self._members) == before:
            return "an index holds a member twice"
        return "" if abs(score) <= _EXACT else "a score is out of range"


def unsound_error(where: str, fault: str) -> StoreCorrupt:
    """Return the error for a store or a backup that can't be believed."""
    return StoreCorrupt(f"{where} can't be used: {printable_line(fault)}. Use an earlier backup")


def _sort_place(record: Record) -> tuple[object, ...]:
    """Return the record's place in the order of a shard's records."""
    match record:
        case DocumentRecord(name, _, _, _):
            return _ORDER[DocumentRecord], name
        case MemberRecord(index, score, member):
            return _ORDER[MemberRecord], index, score, member
        case TrimRecord(log, _, _):
            return _ORDER[TrimRecord], log
        case EntryRecord(log, sequence, number, _):
            return _ORDER[EntryRecord], log, sequence, number
