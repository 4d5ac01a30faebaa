"""Eraser: replaces a visitor's record by a suppression (design rule 8).

Only the subject number in the record links a visitor to their ledger entries. One commit replaces the record by a
suppression without that number, removes the marks of retries, and appends a ledger entry that the number was erased.
What the visitor denied stays denied. Erasing a second time changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from consent_service.domain.facts import Erased
from consent_service.domain.standing import StandingUnreadable, VisitorRecord, unpack_record
from consent_service.domain.suppression import NOBODY, pack_suppression, suppression_of
from consent_service.identity.key_ring import KeyRing
from consent_service.ledger.entries import ErasedEntry, Evidence, decode, encode, entry_of
from consent_service.ledger.erasures import REDONE, Reach, reach_of
from consent_service.ledger.sealer import STATE
from consent_service.services.records.drafts import RandomIds
from consent_service.services.records.standings import record_key
from consent_service.services.records.writer import retry_on_conflict
from consent_service.store.contract import Append, Change, Document, Key, Put, Store
from consent_service.store.names import (
    LEDGER,
    STANDINGS,
    desk_shard,
    is_standing,
    requests_of,
    site_shards,
    visitor_shards,
)

_PAGE: Final = 5_000
"""Log entries read at once."""


class StoredVisitor(NamedTuple):
    """Stored data of one visitor: the record's document, and the names of the marks that recognise retries."""

    document: Document | None
    retry_marks: list[bytes]

    @property
    def record(self) -> VisitorRecord | None:
        """Return the decoded record, or None if there is none or it is damaged."""
        return None if self.document is None else _decode_record(self.document)

    @property
    def is_suppressed(self) -> bool:
        """Return True if a suppression has replaced the record."""
        return self.record is not None and self.record.subject == NOBODY

    @property
    def is_erased(self) -> bool:
        """Return True if nothing is left to erase."""
        return self.is_suppressed and not self.retry_marks


class Eraser:
    """Erases visitors over an open store. `clock`: Unix seconds."""

    def __init__(self, store: Store, ring: KeyRing, ids: RandomIds, clock: Callable[[], float]) -> None:
        self._store = store
        self._ring = ring
        self._ids = ids
        self._clock = clock

    def key_of(self, site: str, visitor_id: bytes) -> Key:
        """Return the key of a visitor's record, whether the record exists or not."""
        return record_key(self._ring, site, visitor_id, self._store.shards)

    async def find_subjects(self, site: str, subjects: Collection[bytes]) -> list[Key]:
        """Return the keys of the records with these subject numbers. Reads every record of the site."""
        keys = set[Key]()
        async for batch in self._store.walk(visitor_shards(site, self._store.shards), STANDINGS):
            await asyncio.sleep(0)  # a long walk must not block the event loop
            for key, document in batch:
                record = _decode_record(document) if is_standing(key.name) else None
                if record is not None and record.subject in subjects:
                    keys.add(key)
        return sorted(keys)

    async def read_visitor(self, key: Key) -> StoredVisitor:
        """Return what is stored of the visitor whose record has this key. Raises StoreError."""
        (document,) = await self._store.get([key])
        marks = set[bytes]()
        async for batch in self._store.walk([key.shard], requests_of(key.name)):
            marks.update(mark_key.name for mark_key, _ in batch)
        return StoredVisitor(document, sorted(marks))

    async def erase_visitor(self, site: str, key: Key) -> bool:
        """Erase the visitor with this record; return False if nothing was left to erase. Raises StoreError."""

        async def attempt(_number: int) -> bool:
            visitor = await self.read_visitor(key)
            if not visitor.is_erased:
                await self._store.commit(self._erasing_change(site, key, visitor))
            return not visitor.is_erased

        return await retry_on_conflict("the record", attempt)  # a choice made meanwhile is erased too

    async def read_reach(self, site: str) -> Reach:
        """Return how far this store knows the archive. Raises StoreError, LedgerError."""
        return reach_of(*await self._store.get([Key(desk_shard(site), name) for name in (REDONE, STATE)]))

    async def read_erased_subjects(self, site: str) -> set[bytes]:
        """Return the subject numbers that the store's own log says were erased. Raises StoreError, LedgerError."""
        subjects, shards = set[bytes](), site_shards(site, self._store.shards)
        page = await self._store.read(LEDGER, shards, "", _PAGE)
        while page.entries:
            payloads = (entry.payload for entry in page.entries if b'"kind":"erased"' in entry.payload)
            for entry in map(decode, payloads):
                if isinstance(entry, ErasedEntry):
                    subjects.add(bytes.fromhex(entry.subject))
            page = await self._store.read(LEDGER, shards, page.cursor, _PAGE)
        return subjects

    async def note_erased_through(self, site: str, checkpoint: int) -> None:
        """Remember that every erasure in the archive up to this checkpoint holds in this store."""
        await self._store.commit(Change(desk_shard(site), put=[Put(REDONE, b"%d" % checkpoint)]))

    def _erasing_change(self, site: str, key: Key, visitor: StoredVisitor) -> Change:
        """Return the one commit of an erasure. It fails if the record changes, so no new mark can slip in."""
        now, record = int(self._clock()), visitor.record
        standing = None if record is None else record.standing  # None: everything is denied for good
        numbered = None if visitor.is_suppressed else record
        return Change(
            key.shard,
            expect={key.name: visitor.document.version if visitor.document else 0},
            put=[Put(key.name, pack_suppression(suppression_of(standing, now)))],
            delete=visitor.retry_marks,
            append=[Append(LEDGER, self._erased_entry(site, numbered.subject, now))] if numbered else [],
        )

    def _erased_entry(self, site: str, subject: bytes, now: int) -> bytes:
        entry_id = str(self._ids.next())
        return encode(
            entry_of(Erased(now), entry_id=entry_id, site=site, subject=subject, evidence=Evidence())
        )


def _decode_record(document: Document) -> VisitorRecord | None:
    try:
        return unpack_record(document.value)
    except StandingUnreadable:
        return None
