"""Backlog: the entries of a site that no segment holds yet. Reads once for each shard, writes nothing."""

from __future__ import annotations

from typing import NamedTuple

from consent_service.ledger.entries import decode
from consent_service.ledger.sealer import STATE, state_of
from consent_service.store.contract import Key
from consent_service.store.names import LEDGER, desk_shard, site_shards
from consent_service.store.status import Examiner


class Backlog(NamedTuple):
    """Work that sealing has left.

    `segments`: number of sealed segments. `waiting`: by shard with unsealed entries, the time of the oldest
    one.
    """

    site: str
    segments: int
    waiting: dict[str, int]


async def read_backlog(store: Examiner, shards: int, site: str) -> Backlog:
    """Return the unsealed work, with one small read for each shard. Raises StoreError, LedgerError."""
    (document,) = await store.get([Key(desk_shard(site), STATE)])
    state = state_of(document, site)
    waiting = dict[str, int]()
    for shard in site_shards(site, shards):
        payload = await store.next_behind(LEDGER, shard, state.through.get(shard, 0))
        if payload is not None:
            waiting[shard] = decode(payload).at
    return Backlog(site, state.number, waiting)
