"""Erasing: a visitor's record goes, and with it all that leads from them to their entries (design rule 8).

What stays is a suppression, which goes on denying whoever presents the visitor's id, and in the ledger an entry that
says that a number was erased. Done again it does nothing more; cut off, it was done whole or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from typing import Final, NamedTuple

from consent_service.domain.facts import Erased
from consent_service.domain.records import VisitorRecord, unpack_record
from consent_service.domain.standing import Standing, StandingUnreadable
from consent_service.domain.suppression import pack_suppression, suppressing
from consent_service.errors import Conflict, StoreBusy
from consent_service.identity.keys import KeyRing
from consent_service.identity.visitor_ids import suppression_hash
from consent_service.ledger.entries import Evidence, encode, entry_of
from consent_service.ledger.erasures import REDONE, redone
from consent_service.services.ids import RandomIds
from consent_service.store.contract import Append, Change, Document, Key, Put, Store
from consent_service.store.keys import (
    LEDGER,
    STANDINGS,
    desk_shard,
    requests_of,
    standing_key,
    suppression_key,
    visitor_of,
    visitor_shards,
)

_ATTEMPTS: Final = 16


class Held(NamedTuple):
    """What the store holds of one visitor. `record` and `suppression`: as stored; `requests`: names of marks."""

    record: Document | None
    suppression: Document | None
    requests: list[bytes]

    @property
    def erased(self) -> bool:
        """Whether nothing is left to do."""
        return self.record is None and self.suppression is not None and not self.requests

    @property
    def known(self) -> VisitorRecord | None:
        """The record as it reads; None when there is none or it can't be read."""
        return None if self.record is None else _read(self.record)


class Erasing:
    """Erases visitors, by their ids or by the numbers that entries bear."""

    def __init__(self, store: Store, ring: KeyRing, ids: RandomIds, clock: Callable[[], float]) -> None:
        self._store = store
        self._ring = ring
        self._ids = ids
        self._clock = clock

    async def held(self, site: str, visitor_id: bytes) -> Held:
        """What there is of this visitor. Raises StoreError."""
        key, left = self._keys(site, visitor_id)
        record, suppression = await self._store.get([key, left])
        requests = set[bytes]()
        async for batch in self._store.walk([key.shard], requests_of(visitor_id)):
            requests.update(named.name for named, _ in batch)
        return Held(record, suppression, sorted(requests))

    async def erase(self, site: str, visitor_id: bytes) -> bool:
        """Erase whoever has this id; whether anything was left to do. Raises StoreError."""
        for _attempt in range(_ATTEMPTS):
            held = await self.held(site, visitor_id)
            if held.erased:
                return False
            try:
                await self._store.commit(self._change(site, visitor_id, held))
            except Conflict:
                continue  # they chose something meanwhile: that goes too
            return True
        raise StoreBusy(f"the record kept changing; gave up after {_ATTEMPTS} attempts")

    async def redone(self, site: str) -> int:
        """Up to which of the archive's heads all erasures hold in this store."""
        (found,) = await self._store.get([Key(desk_shard(site), REDONE)])
        return redone(found)

    async def note_redone(self, site: str, through: int) -> None:
        """Remember that they hold up to this head."""
        await self._store.commit(Change(desk_shard(site), put=[Put(REDONE, b"%d" % through)]))

    async def bearing(self, site: str, numbers: Collection[bytes]) -> list[bytes]:
        """The ids of the visitors whose entries bear one of these numbers, from all the site's records."""
        return sorted({visitor async for visitor in self._bearing(site, numbers)})

    async def _bearing(self, site: str, numbers: Collection[bytes]) -> AsyncIterator[bytes]:
        async for batch in self._store.walk(visitor_shards(site, self._store.shards), STANDINGS):
            await asyncio.sleep(0)  # a long walk leaves others their turns
            for key, document in batch:
                visitor, record = visitor_of(key.name), _read(document)
                if visitor is not None and record is not None and record.subject in numbers:
                    yield visitor

    def _change(self, site: str, visitor_id: bytes, held: Held) -> Change:
        """All in one commit. It dies of any change to the record, so no mark of a request can come beside it."""
        now, (key, left) = int(self._clock()), self._keys(site, visitor_id)
        before = _standing(held.suppression)
        after = _standing(held.record)
        suppression = pack_suppression(suppressing(before, after, now))
        expect = {key.name: _version(held.record), left.name: _version(held.suppression)}
        known = held.known
        return Change(
            key.shard,
            expect=expect,
            put=[Put(left.name, suppression)],
            delete=[key.name, *held.requests],
            append=[] if known is None else [Append(LEDGER, self._entry(site, known.subject, now))],
        )

    def _entry(self, site: str, subject: bytes, now: int) -> bytes:
        entry_id = str(self._ids.next())
        return encode(
            entry_of(Erased(now), entry_id=entry_id, site=site, subject=subject, evidence=Evidence())
        )

    def _keys(self, site: str, visitor_id: bytes) -> tuple[Key, Key]:
        """Where the record lies, and where the suppression."""
        keyed, shards = suppression_hash(self._ring, site, visitor_id), self._store.shards
        return standing_key(site, visitor_id, shards), suppression_key(site, visitor_id, keyed, shards)


def _read(document: Document) -> VisitorRecord | None:
    try:
        return unpack_record(document.value)
    except StandingUnreadable:
        return None


def _standing(document: Document | None) -> Standing | None:
    """What can't be read is in doubt: everything is denied for good."""
    if document is None:
        return None
    record = _read(document)
    return Standing(doubted_at=1) if record is None else record.standing


def _version(document: Document | None) -> int:
    return document.version if document else 0
