"""Backlog: what of a site's ledger no segment holds yet, found without writing and by a question a shard."""

from __future__ import annotations

from typing import NamedTuple

from consent_service.ledger.entries import decode
from consent_service.ledger.sealing import STATE, state_of
from consent_service.store.contract import Key
from consent_service.store.keys import LEDGER, desk_shard, site_shards
from consent_service.store.status import Examiner


class Backlog(NamedTuple):
    """`segments` that were sealed; `waiting`: for each shard with entries not sealed the oldest one's time."""

    site: str
    segments: int
    waiting: dict[str, int]


async def backlog(store: Examiner, shards: int, site: str) -> Backlog:
    """What waits to be sealed: one small question a shard. Raises StoreError, LedgerError."""
    (found,) = await store.get([Key(desk_shard(site), STATE)])
    state = state_of(found, site)
    waiting = dict[str, int]()
    for shard in site_shards(site, shards):
        payload = await store.next_behind(LEDGER, shard, state.through.get(shard, 0))
        if payload is not None:
            waiting[shard] = decode(payload).at
    return Backlog(site, state.number, waiting)
