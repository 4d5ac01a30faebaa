"""Retention: a segment is dropped once the time of every entry in it is over, oldest first, and leaves a
signed anchor.

Before it is dropped, each visitor's standing that may rest on it is carried forward as an entry of its own,
so that the rest of the ledger still yields every standing (design rule 6). Its checkpoint stays, so the chain
stays whole. No entry leads to its visitor, so all records are read, once for many segments, and those whose
number stands in the segments are carried forward.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from consent_service.domain.facts import Carried
from consent_service.domain.standing import StandingUnreadable, VisitorRecord, unpack_record
from consent_service.errors import Conflict, LedgerError
from consent_service.identity.key_ring import DAY
from consent_service.ledger import anchors, checkpoints, entries, object_names, segments
from consent_service.ledger.checkpoints import Anchor, Checkpoint
from consent_service.ledger.log_trim import checkpoint_at, lines_of
from consent_service.ledger.sealer import MOST_ENTRIES, Sealer
from consent_service.store.contract import Append, Change, Document, Key
from consent_service.store.names import LEDGER, STANDINGS, is_standing, visitor_shards

_ATTEMPTS: Final = 16
_MOST_AT_ONCE: Final = 16 * MOST_ENTRIES
"""Entries whose numbers are in memory together."""


async def drop_expired(sealer: Sealer, keep_seconds: Mapping[str, int], now: int) -> int:
    """Drop the segments whose time is over. Return how many. `keep_seconds`: seconds to keep, by kind of entry.

    Only trimmed segments are dropped, and only once the oldest one is a day over its time: then a day's
    segments go together. Raises LeaseLost, StoreError, LedgerError.
    """
    dropped = 0
    while due := await _due_segments(sealer, keep_seconds, now):
        await _carry_forward(sealer, due, now)
        for checkpoint in due:
            await _drop_segment(sealer, checkpoint, now)
        dropped += len(due)
    return dropped


def is_over(checkpoint: Checkpoint, keep_seconds: Mapping[str, int], now: int) -> bool:
    """Return True if the time of every kind in the segment is over. A kind without a setting is kept for ever."""
    return all(
        kind in keep_seconds and newest + keep_seconds[kind] <= now
        for kind, newest in checkpoint.newest.items()
    )


async def _due_segments(sealer: Sealer, keep_seconds: Mapping[str, int], now: int) -> list[Checkpoint]:
    """Return the oldest segments whose time is over, as many as are dropped together."""
    _, state = await sealer.read_state()
    due, room = list[Checkpoint](), _MOST_AT_ONCE
    for number in range(state.dropped + 1, state.trimmed + 1):
        checkpoint = await checkpoint_at(sealer, number)
        if not is_over(checkpoint, keep_seconds, now if due else now - DAY) or room <= 0:
            break
        due.append(checkpoint)
        room -= checkpoint.entries
    return due


async def _drop_segment(sealer: Sealer, checkpoint: Checkpoint, now: int) -> None:
    document, state = await sealer.read_state()
    anchor = Anchor(checkpoint.site, checkpoint.number, checkpoints.digest_of(checkpoint), now)
    await sealer.put(
        object_names.anchor_name(checkpoint.site, checkpoint.number), checkpoints.sign(sealer.signer, anchor)
    )
    for name in (object_names.segment_name, object_names.marks_name):
        await asyncio.to_thread(sealer.archive.delete, name(checkpoint.site, checkpoint.number))
    await sealer.commit_state(document, replace(state, dropped=checkpoint.number))
    await sealer.renew_lease()


async def _carry_forward(sealer: Sealer, due: Sequence[Checkpoint], now: int) -> None:
    """Append every standing that rests on one of these segments, before the first of them is dropped."""
    subjects = set[bytes]()
    for checkpoint in due:
        lines = await lines_of(sealer, checkpoint)
        # Gone: an earlier run crashed after it had carried forward what rests on it and put its anchor.
        if lines is None:
            await asyncio.to_thread(
                anchors.require_anchor, sealer.archive, sealer.signer.public_keys(), checkpoint
            )
            continue
        payloads = (segments.entry_at(line)[1] for line in lines)
        subjects.update(bytes.fromhex(entries.decode(payload).subject) for payload in payloads)
    async for batch in sealer.store.walk(visitor_shards(sealer.site, sealer.store.shards), STANDINGS):
        records = [(key, document) for key, document in batch if is_standing(key.name)]
        await asyncio.gather(
            *(_carry_record(sealer, key, document, subjects, now) for key, document in records)
        )
        await sealer.renew_lease()


async def _carry_record(
    sealer: Sealer, key: Key, document: Document | None, subjects: Collection[bytes], now: int
) -> None:
    """Append a standing to the log. Its record is not written, so versions seen by others stay valid."""
    for _attempt in range(_ATTEMPTS):
        if document is None:
            return
        record = _record_of(key, document)
        if record.subject not in subjects:
            return
        append = [Append(LEDGER, _carried_entry(sealer.site, record, now))]
        try:
            await sealer.store.commit(Change(key.shard, {key.name: document.version}, append=append))
        except Conflict:  # a choice came between: carry what stands now
            (document,) = await sealer.store.get([key])
            continue
        return
    raise Conflict(f"a record of {key.shard} kept changing while it was carried forward")


def _record_of(key: Key, document: Document) -> VisitorRecord:
    try:
        return unpack_record(document.value)
    except StandingUnreadable as error:  # nobody can tell whether it rests on what would go
        raise LedgerError(f"a record of {key.shard} can't be read, so nothing is dropped: {error}") from error


def _carried_entry(site: str, record: VisitorRecord, now: int) -> bytes:
    fact, entry_id = Carried(now, record.standing), str(uuid.uuid4())
    return entries.encode(
        entries.entry_of(
            fact, entry_id=entry_id, site=site, subject=record.subject, evidence=entries.Evidence()
        )
    )
