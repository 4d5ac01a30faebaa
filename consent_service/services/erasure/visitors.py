"""Erasure of visitors as a use case: find who is meant, show what is stored of them, erase them.

May be used beside a running service. Knows nothing of command lines, web pages or prompts.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from consent_service.config import Config
from consent_service.config.prior_cmp import cookie_of
from consent_service.errors import IdentityError, LedgerError
from consent_service.identity.key_ring import KeyRing
from consent_service.identity.signatures import StatementSigner
from consent_service.identity.visitor_tokens import VisitorTokens, imported_id_for
from consent_service.ledger.archive import open_archive
from consent_service.ledger.entries import decode
from consent_service.ledger.erasures import Erasures, read_erasures
from consent_service.services.configured_store import configured_store
from consent_service.services.erasure.eraser import Eraser, StoredVisitor
from consent_service.services.key_rings import take_up
from consent_service.services.receipts import Receipts
from consent_service.services.records.drafts import RandomIds
from consent_service.store.contract import Key, Store

_ID_IN_HEX: Final = re.compile(r"[0-9a-fA-F]{32}")


class Target(NamedTuple):
    """Visitor to erase: a site's key, and one of the other members.

    `visitor`: a visitor token, or a visitor id in hexadecimal. `receipt`: the id of one of the visitor's receipts.
    `imported`: `TOOL:ID`, an id from another consent tool's export, after the tool or its cookie.
    """

    site: str
    visitor: str = ""
    receipt: str = ""
    imported: str = ""


class FoundVisitor(NamedTuple):
    """Visitor whom a search has found, and what is stored of them."""

    site: str
    key: Key
    stored: StoredVisitor


class Erasable(NamedTuple):
    """Result of a search. `checkpoints`: by site, the last checkpoint whose erasures were looked up."""

    visitors: Sequence[FoundVisitor]
    checkpoints: Mapping[str, int]

    @property
    def remaining(self) -> list[FoundVisitor]:
        """Return the visitors of whom something is left to erase."""
        return [visitor for visitor in self.visitors if not visitor.stored.is_erased]


class VisitorErasure:
    """Finds and erases visitors over an open store. `clock`: Unix seconds."""

    def __init__(self, config: Config, store: Store, ring: KeyRing, clock: Callable[[], float]) -> None:
        self.eraser = Eraser(store, ring, RandomIds(), clock)
        self._config = config
        self._store = store
        self._ring = ring
        self._clock = clock

    async def find_visitor(self, target: Target) -> Erasable:
        """Return the visitors whom the target means.

        Raises UnknownSite, UnknownReceipt, StoreError, and LedgerError if the visitor is no token, no id and no
        imported id.
        """
        self._config.require_site(target.site)
        visitors = await self._read_all(target.site, await self._keys_of(target))
        if target.imported and visitors[0].stored.document is None:
            raise LedgerError(
                "no import made a record of this id: check the tool, and copy the id from the export exactly"
            )
        return Erasable(visitors, {})

    async def find_archived(self, sites: Iterable[str]) -> Erasable:
        """Return the visitors of these sites who were erased according to the archive and are stored again.

        Raises UnknownSite, StoreError, LedgerError and IdentityError; the last two if the archive is incomplete.
        """
        visitors, checkpoints = list[FoundVisitor](), dict[str, int]()
        for site in sites:
            self._config.require_site(site)
            subjects, checkpoints[site] = await self.read_archived(site)
            visitors += await self._read_all(site, await self.eraser.find_subjects(site, subjects))
        return Erasable(visitors, checkpoints)

    async def erase_found(self, erasable: Erasable) -> None:
        """Erase the visitors that were found, and note up to which checkpoints erasures now hold."""
        for visitor in erasable.remaining:
            await self.eraser.erase_visitor(visitor.site, visitor.key)
        for site, checkpoint in erasable.checkpoints.items():
            await self.eraser.note_erased_through(site, checkpoint)

    async def read_archived(self, site: str, sealed: int = 0) -> Erasures:
        """Return the erasures in the archive that this store may lack. The archive must hold checkpoint `sealed`."""
        if not self._config.ledger.archive:
            raise LedgerError(
                "ledger.archive is not set, so nothing says who was erased: name the folder or the object store"
            )
        archive, keys = open_archive(self._config.ledger.archive), StatementSigner(self._ring).public_keys()
        reach = await self.eraser.read_reach(site)
        reach = reach._replace(sealed=max(reach.sealed, sealed))
        return await asyncio.to_thread(read_erasures, archive, keys, site, reach)

    async def read_subject(self, site: str, visitor: str) -> str:
        """Return the number that the visitor's entries bear, in hex, or "" if no record has it.

        `visitor`: a visitor token, or a visitor id in hexadecimal.
        """
        (only,) = (await self.find_visitor(Target(site, visitor))).visitors
        record = None if only.stored.is_suppressed else only.stored.record
        return record.subject.hex() if record else ""

    async def _read_all(self, site: str, keys: Iterable[Key]) -> list[FoundVisitor]:
        return [FoundVisitor(site, key, await self.eraser.read_visitor(key)) for key in keys]

    async def _keys_of(self, target: Target) -> list[Key]:
        """Return the keys of the records that the target means."""
        if target.receipt:
            subject = await self._subject_of_receipt(target.site, target.receipt)
            return await self.eraser.find_subjects(target.site, {subject})
        if target.imported:
            visitor_id = self._imported_id(target.site, target.imported)
        else:
            visitor_id = self._visitor_id(target.site, target.visitor)
        return [self.eraser.key_of(target.site, visitor_id)]

    async def _subject_of_receipt(self, site: str, receipt: str) -> bytes:
        place = self._config.ledger.archive
        receipts = Receipts(self._store, open_archive(place) if place else None, StatementSigner(self._ring))
        proof = await receipts.find(site, receipt)
        return bytes.fromhex(decode(proof.payload).subject)

    def _imported_id(self, site: str, imported: str) -> bytes:
        # A cookie's name has no colon (RFC 6265 § 4.1.1); an id may have one.
        tool, _, foreign_id = imported.partition(":")
        return imported_id_for(self._ring, site, cookie_of(tool), foreign_id)

    def _visitor_id(self, site: str, visitor: str) -> bytes:
        if _ID_IN_HEX.fullmatch(visitor):
            return bytes.fromhex(visitor)
        try:
            return VisitorTokens(self._ring).unsign(site, visitor, int(self._clock())).visitor_id
        except IdentityError as error:
            raise LedgerError(
                f"neither a visitor token of {site!r} nor a visitor id in hexadecimal: {error}"
            ) from error


@asynccontextmanager
async def open_erasure(config: Config, *, check_ring: bool = True) -> AsyncIterator[VisitorErasure]:
    """Open the configured store for erasing, and close it at the end.

    `check_ring`: refuse a key ring that the store was not written under; needed wherever visitors are looked up by
    ids. Raises ConfigError if there is no key ring, KeyRingForeign, StoreError.
    """
    ring = config.require_ring()
    async with configured_store(config.service) as store:
        if check_ring:
            await take_up(store, ring, int(time.time()), dry=True)
        yield VisitorErasure(config, store, ring, time.time)
