"""Erasing: what leads from a visitor to their entries goes, and what they denied stays denied (design rule 8).

The record's number is the only thing that leads there. In the record's place comes a suppression, which is read like
any record, and in the ledger an entry that says that the number was erased. Done again it does nothing more; cut off,
it was done whole or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import NamedTuple

from consent_service.domain.facts import Erased
from consent_service.domain.records import VisitorRecord, unpack_record
from consent_service.domain.standing import Standing, StandingUnreadable
from consent_service.domain.suppression import NOBODY, pack_suppression, suppressing
from consent_service.identity.keys import KeyRing
from consent_service.ledger.entries import Evidence, encode, entry_of
from consent_service.ledger.erasures import REDONE, Reach, reach
from consent_service.ledger.sealing import STATE
from consent_service.services.records.drafts import RandomIds
from consent_service.services.records.standings import record_key
from consent_service.services.records.writer import retry_on_conflict
from consent_service.store.contract import Append, Change, Document, Key, Put, Store
from consent_service.store.keys import LEDGER, STANDINGS, desk_shard, is_standing, requests_of, visitor_shards


class Held(NamedTuple):
    """Stored data of one visitor. `record`: as stored; `requests`: the names of marks."""

    record: Document | None
    requests: list[bytes]

    @property
    def known(self) -> VisitorRecord | None:
        """The record as it reads; None when there is none or it can't be read."""
        return None if self.record is None else _read(self.record)

    @property
    def suppressed(self) -> bool:
        """True if a suppression lies here."""
        return self.known is not None and self.known.subject == NOBODY

    @property
    def erased(self) -> bool:
        """True if nothing is left to erase."""
        return self.suppressed and not self.requests


class Erasing:
    """Erases visitors, by their ids or by the numbers that entries bear."""

    def __init__(self, store: Store, ring: KeyRing, ids: RandomIds, clock: Callable[[], float]) -> None:
        self._store = store
        self._ring = ring
        self._ids = ids
        self._clock = clock

    def key(self, site: str, visitor_id: bytes) -> Key:
        """Return the key of a visitor's record, whether it exists or not."""
        return record_key(self._ring, site, visitor_id, self._store.shards)

    async def bearing(self, site: str, numbers: Collection[bytes]) -> list[Key]:
        """Return the keys of the records whose entries bear one of these numbers; walks all the site's records."""
        keys = set[Key]()
        async for batch in self._store.walk(visitor_shards(site, self._store.shards), STANDINGS):
            await asyncio.sleep(0)  # a long walk leaves others their turns
            for key, document in batch:
                record = _read(document) if is_standing(key.name) else None
                if record is not None and record.subject in numbers:
                    keys.add(key)
        return sorted(keys)

    async def held(self, key: Key) -> Held:
        """Return the stored data of the visitor whose record has this key. Raises StoreError."""
        (record,) = await self._store.get([key])
        requests = set[bytes]()
        async for batch in self._store.walk([key.shard], requests_of(key.name)):
            requests.update(named.name for named, _ in batch)
        return Held(record, sorted(requests))

    async def erase(self, site: str, key: Key) -> bool:
        """Erase whoever has this record; whether anything was left to do. Raises StoreError."""

        async def attempt(_number: int) -> bool:
            held = await self.held(key)
            if not held.erased:
                await self._store.commit(self._change(site, key, held))
            return not held.erased

        return await retry_on_conflict("the record", attempt)  # a choice made meanwhile is erased too

    async def reach(self, site: str) -> Reach:
        """Return the store's knowledge of the archive. Raises StoreError, LedgerError."""
        return reach(*await self._store.get([Key(desk_shard(site), name) for name in (REDONE, STATE)]))

    async def note_redone(self, site: str, through: int) -> None:
        """Remember that they hold up to this checkpoint."""
        await self._store.commit(Change(desk_shard(site), put=[Put(REDONE, b"%d" % through)]))

    def _change(self, site: str, key: Key, held: Held) -> Change:
        """All in one commit. It dies of any change to the record, so no mark of a request can come beside it."""
        now, known = int(self._clock()), held.known
        numbered = None if held.suppressed else known
        return Change(
            key.shard,
            expect={key.name: held.record.version if held.record else 0},
            put=[Put(key.name, pack_suppression(suppressing(_standing(held), now)))],
            delete=held.requests,
            append=[Append(LEDGER, self._entry(site, numbered.subject, now))] if numbered else [],
        )

    def _entry(self, site: str, subject: bytes, now: int) -> bytes:
        entry_id = str(self._ids.next())
        return encode(
            entry_of(Erased(now), entry_id=entry_id, site=site, subject=subject, evidence=Evidence())
        )


def _read(document: Document) -> VisitorRecord | None:
    try:
        return unpack_record(document.value)
    except StandingUnreadable:
        return None


def _standing(held: Held) -> Standing | None:
    """Return the standing on record, or None. Without one that can be read, everything is denied for good."""
    return None if held.known is None else held.known.standing
