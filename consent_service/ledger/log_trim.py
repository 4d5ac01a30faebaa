"""Trim of the hot log: it removes entries that the archive has held for long enough, and nothing else."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from consent_service.errors import LedgerError
from consent_service.ledger import checkpoints, object_names
from consent_service.ledger.checkpoints import Checkpoint
from consent_service.ledger.sealer import Sealer
from consent_service.store.contract import Change, Trim
from consent_service.store.names import LEDGER


async def trim_log(sealer: Sealer, before: int) -> int:
    """Trim the segments sealed before `before` (Unix seconds) from the hot log. Return how many.

    Raises LeaseLost, StoreError, and LedgerError if the archive does not return a segment as it was sealed.
    """
    trimmed = 0
    while True:
        document, state = await sealer.read_state()
        if state.trimmed == state.number:
            return trimmed
        checkpoint = await checkpoint_at(sealer, state.trimmed + 1)
        if checkpoint.at > before:
            return trimmed
        await _require_segment(sealer, checkpoint)
        for shard, span in checkpoint.spans.items():  # doing it again changes nothing
            await sealer.store.commit(Change(shard, trim=[Trim(LEDGER, span.through)]))
        await sealer.commit_state(document, replace(state, trimmed=checkpoint.number))
        await sealer.renew_lease()
        trimmed += 1


async def checkpoint_at(sealer: Sealer, number: int) -> Checkpoint:
    """Return the archive's checkpoint of this number. Raises LedgerError when it is gone or does not hold."""
    signed = await sealer.get(object_names.checkpoint_name(sealer.site, number))
    if signed is None:
        raise LedgerError(
            f"checkpoint {number} of {sealer.site} is missing in the archive: run `ledger verify`"
        )
    return checkpoints.trusted_checkpoint(signed, sealer.signer.public_keys(), sealer.site, number)


async def lines_of(sealer: Sealer, checkpoint: Checkpoint) -> list[bytes] | None:
    """Return the lines of the segment, or None if it is missing. Raises LedgerError if they are not as sealed."""
    data = await sealer.get(object_names.segment_name(checkpoint.site, checkpoint.number))
    if data is None:
        return None
    return await asyncio.to_thread(checkpoints.trusted_lines, data, checkpoint)


async def _require_segment(sealer: Sealer, checkpoint: Checkpoint) -> None:
    if await lines_of(sealer, checkpoint) is None:
        raise LedgerError(
            f"segment {checkpoint.number} of {checkpoint.site} is missing in the archive: run `ledger verify`"
        )
