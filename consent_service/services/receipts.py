"""Receipts: the entry of a receipt, the service's signed promise, and the proof once the entry is sealed."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from consent_service.errors import CursorExpired, UnknownReceipt
from consent_service.identity.signatures import Signed, StatementSigner
from consent_service.ledger import checkpoints, log_reader, object_names, receipt_proofs, segments
from consent_service.ledger.archive import Archive
from consent_service.ledger.checkpoints import Span
from consent_service.ledger.entries import ReceiptTarget, parse_receipt_id
from consent_service.ledger.receipt_proofs import Inclusion
from consent_service.ledger.segments import EntryPlace
from consent_service.services.records.deadline import COMMIT_TIMEOUT, read_deadline
from consent_service.store.contract import Store
from consent_service.store.names import desk_shard, sealed_name

_LAST: Final = 2**53
_ONE_COMMIT: Final = 500
"""Entries read together, about as many as one commit appends at most."""


class Proof(NamedTuple):
    """Proof for the holder of a receipt. `checkpoint` and `inclusion` are None until the entry is sealed."""

    place: EntryPlace
    payload: bytes
    promise: Signed
    checkpoint: Signed | None = None
    inclusion: Inclusion | None = None


class Receipts:
    """Finder of entries by their receipts: in the archive once they are sealed, else in the log."""

    def __init__(self, store: Store, archive: Archive | None, signer: StatementSigner) -> None:
        self._store = store
        self._deadline = read_deadline(COMMIT_TIMEOUT)
        self._archive = archive
        self._signer = signer

    async def find(self, site: str, receipt: str) -> Proof:
        """Return the proof of a receipt. Raises UnknownReceipt, StoreError, and LedgerError if the archive fails."""
        wanted = parse_receipt_id(site, receipt)
        if wanted is None:
            raise _unknown()
        # The archive first: the log may have dropped what is sealed.
        sealed = await self._sealed(site, wanted) if self._archive else None
        if sealed is None:
            return await self._unsealed(site, receipt, wanted)
        index, lines, checkpoint = sealed
        place, payload = segments.entry_at(lines[index])
        promise = receipt_proofs.sign_promise(self._signer, site, receipt, place, payload)
        proof = await asyncio.to_thread(receipt_proofs.prove_inclusion, lines, index)
        return Proof(place, payload, promise, checkpoint, proof)

    async def _unsealed(self, site: str, receipt: str, wanted: ReceiptTarget) -> Proof:
        named = f'"id":"{wanted.entry}"'.encode()
        entries = log_reader.read_entries(
            self._store, wanted.shard, Span(wanted.sequence - 1, wanted.sequence), _ONE_COMMIT
        )
        try:
            async for entry in entries:
                if named in entry.payload:
                    place = EntryPlace(entry.shard, *entry.position)
                    promise = receipt_proofs.sign_promise(self._signer, site, receipt, place, entry.payload)
                    return Proof(place, entry.payload, promise)
        except CursorExpired as error:  # the log is not that long yet, or was trimmed since
            raise _unknown() from error
        raise _unknown()

    async def _sealed(self, site: str, wanted: ReceiptTarget) -> tuple[int, list[bytes], Signed] | None:
        """Return the line's number, its segment's lines and checkpoint; None if it is not sealed (any more)."""
        assert self._archive is not None
        index = sealed_name(wanted.shard)
        members_of_index = self._store.range(desk_shard(site), index, wanted.sequence, _LAST, limit=1)
        members = await self._deadline.wait(members_of_index)
        if not members:
            return None
        number = int.from_bytes(members[0].member)
        return await asyncio.to_thread(_look, self._archive, self._signer, site, number, wanted)


def _look(
    objects: Archive, signer: StatementSigner, site: str, number: int, wanted: ReceiptTarget
) -> tuple[int, list[bytes], Signed] | None:
    data = objects.get(object_names.segment_name(site, number))
    signed = objects.get(object_names.checkpoint_name(site, number))
    if data is None or signed is None:
        return None
    checkpoint = checkpoints.trusted_checkpoint(signed, signer.public_keys(), site, number)
    lines = checkpoints.trusted_lines(data, checkpoint)
    index = receipt_proofs.index_of(lines, wanted)
    return None if index is None else (index, lines, checkpoints.signed_of(signed))


def _unknown() -> UnknownReceipt:
    return UnknownReceipt(
        "no entry of this site has this receipt, or the archive has dropped it after its months_kept"
    )
