"""Receipts: the entry that a receipt names, the service's signed promise, and the proof once it is sealed."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from consent_service.errors import CursorExpired, UnknownReceipt
from consent_service.identity.signatures import Signed, Signer
from consent_service.ledger import archive, checkpoints, reading, receipts, segments
from consent_service.ledger.archive import Archive
from consent_service.ledger.checkpoints import Span
from consent_service.ledger.receipts import Inclusion, Sought
from consent_service.ledger.segments import Place
from consent_service.services.records.deadline import COMMIT_TIMEOUT, read_deadline
from consent_service.store.contract import Store
from consent_service.store.keys import desk_shard, sealed_name

_LAST: Final = 2**53
_ONE_COMMIT: Final = 500
"""Entries read at once, about as many as one commit appends at most."""


class Proof(NamedTuple):
    """Proof for the holder of a receipt. `checkpoint` and `inclusion` once the entry is sealed."""

    place: Place
    payload: bytes
    promise: Signed
    checkpoint: Signed | None = None
    inclusion: Inclusion | None = None


class Receipts:
    """Finds entries by their receipts: in the archive once they are sealed, else in the log."""

    def __init__(self, store: Store, kept: Archive | None, signer: Signer) -> None:
        self._store = store
        self._patience = read_deadline(COMMIT_TIMEOUT)
        self._archive = kept
        self._signer = signer

    async def find(self, site: str, receipt: str) -> Proof:
        """Raises UnknownReceipt, StoreError, and LedgerError where the archive doesn't answer."""
        wanted = receipts.sought(site, receipt)
        if wanted is None:
            raise _unknown()
        found = await self._sealed(site, wanted) if self._archive else None
        if found is None:
            return await self._unsealed(site, receipt, wanted)
        index, lines, checkpoint = found
        place, payload = segments.entry_at(lines[index])
        promise = receipts.promise(self._signer, site, receipt, place, payload)
        proof = await asyncio.to_thread(receipts.inclusion, lines, index)
        return Proof(place, payload, promise, checkpoint, proof)

    async def _unsealed(self, site: str, receipt: str, wanted: Sought) -> Proof:
        named = f'"id":"{wanted.entry}"'.encode()
        found = reading.entries(
            self._store, wanted.shard, Span(wanted.sequence - 1, wanted.sequence), _ONE_COMMIT
        )
        try:
            async for entry in found:
                if named in entry.payload:
                    place = Place(entry.shard, *entry.position)
                    promise = receipts.promise(self._signer, site, receipt, place, entry.payload)
                    return Proof(place, entry.payload, promise)
        except CursorExpired as error:  # the log has not come there, or was trimmed since
            raise _unknown() from error
        raise _unknown()

    async def _sealed(self, site: str, wanted: Sought) -> tuple[int, list[bytes], Signed] | None:
        """The line's number, its segment's lines and checkpoint; None when it is not sealed (any more)."""
        assert self._archive is not None
        index = sealed_name(wanted.shard)
        asked = self._store.range(desk_shard(site), index, wanted.sequence, _LAST, limit=1)
        members = await self._patience.wait(asked)
        if not members:
            return None
        number = int.from_bytes(members[0].member)
        return await asyncio.to_thread(_look, self._archive, self._signer, site, number, wanted)


def _look(
    kept: Archive, signer: Signer, site: str, number: int, wanted: Sought
) -> tuple[int, list[bytes], Signed] | None:
    data = kept.get(archive.segment_name(site, number))
    signed = kept.get(archive.checkpoint_name(site, number))
    if data is None or signed is None:
        return None
    checkpoint = checkpoints.trusted_checkpoint(signed, signer.public(), site, number)
    lines = checkpoints.trusted_lines(data, checkpoint)
    index = receipts.index_of(lines, wanted)
    return None if index is None else (index, lines, checkpoints.signed_of(signed))


def _unknown() -> UnknownReceipt:
    return UnknownReceipt("no entry of this site has this receipt, or its time in the archive is over")
