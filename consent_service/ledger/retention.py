"""Retention: a segment goes once the time of every entry in it is over, oldest first, and leaves a signed anchor.

Before it goes, each visitor's standing that may rest on it is carried forward as an entry of its own, so that what
is left of the ledger still amounts to every standing (design rule 6). Its head stays, so the chain stays whole.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from consent_service.domain.facts import Carried
from consent_service.domain.standing import unpack
from consent_service.errors import Conflict
from consent_service.ledger import archive, entries, heads, segments
from consent_service.ledger.heads import Anchor, Head
from consent_service.ledger.sealing import Sealer
from consent_service.ledger.trimming import head_at, lines_of
from consent_service.store.contract import Append, Change
from consent_service.store.keys import LEDGER, standing_key

_TOGETHER: Final = 64
_ATTEMPTS: Final = 16


async def drop(sealer: Sealer, kept: Mapping[str, int], now: int) -> int:
    """Drop the segments whose time is over; how many. `kept`: seconds for each kind of entry.

    Only what was trimmed from the hot log before. Raises LeaseLost, StoreError, LedgerError.
    """
    dropped = 0
    while True:
        found, state = await sealer.read_state()
        if state.dropped == state.trimmed:
            return dropped
        head = await head_at(sealer, state.dropped + 1)
        if not is_over(head, kept, now):
            return dropped
        await _carry_forward(sealer, head, now)
        anchor = Anchor(head.site, head.number, heads.digest_of(head), now)
        await sealer.put(archive.anchor_name(head.site, head.number), heads.sign(sealer.signer, anchor))
        for name in (archive.segment_name, archive.marks_name):
            await asyncio.to_thread(sealer.archive.delete, name(head.site, head.number))
        await sealer.commit_state(found, replace(state, dropped=head.number))
        await sealer.renew()
        dropped += 1


def is_over(head: Head, kept: Mapping[str, int], now: int) -> bool:
    """Whether the time of every kind in the segment is over; a kind that nobody configured is kept for ever."""
    return all(kind in kept and newest + kept[kind] <= now for kind, newest in head.newest.items())


async def _carry_forward(sealer: Sealer, head: Head, now: int) -> None:
    lines = await lines_of(sealer, head)
    if lines is None:
        return  # dropped before a crash; what rests on it was carried then
    payloads = (segments.entry_at(line)[1] for line in lines)
    visitors = sorted({bytes.fromhex(entries.decode(payload).visitor) for payload in payloads})
    for start in range(0, len(visitors), _TOGETHER):
        await asyncio.gather(
            *(_carry(sealer, visitor, now) for visitor in visitors[start : start + _TOGETHER])
        )


async def _carry(sealer: Sealer, visitor: bytes, now: int) -> None:
    """Append the visitor's standing as it is; their record is not written, so nothing that saw it grows old."""
    store, key = sealer.store, standing_key(sealer.site, visitor, sealer.store.shards)
    for _attempt in range(_ATTEMPTS):
        (found,) = await store.get([key])
        if found is None:
            return
        fact = Carried(now, unpack(found.value))
        entry = entries.entry_of(
            fact,
            entry_id=str(uuid.uuid4()),
            site=sealer.site,
            visitor=visitor,
            evidence=entries.Evidence(),
        )
        append = [Append(LEDGER, entries.encode(entry))]
        try:
            await store.commit(Change(key.shard, {key.name: found.version}, append=append))
        except Conflict:
            continue  # a choice came between: carry what stands now
        return
    raise Conflict(f"a record of {key.shard} kept changing while it was carried forward")
