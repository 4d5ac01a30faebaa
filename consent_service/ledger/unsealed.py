"""Count of a site's unsealed entries, continued from the last count. Writes nothing."""

from __future__ import annotations

from typing import NamedTuple

from consent_service.ledger.checkpoints import Span
from consent_service.ledger.entries import decode
from consent_service.ledger.log_reader import read_entries
from consent_service.ledger.sealer import STATE, state_of
from consent_service.store.contract import Key, Store
from consent_service.store.names import desk_shard, site_shards

_NEWEST = 2**53


class Unsealed(NamedTuple):
    """Number of unsealed entries, and the time of the oldest one in Unix seconds (None if there is none)."""

    entries: int
    oldest: int | None


class _Counted(NamedTuple):
    """Count of one shard after the sealed position `after`. `through`: last position counted."""

    after: int
    through: int
    entries: int = 0
    oldest: int | None = None


class UnsealedCount:
    """Counter of one site's unsealed entries. Each entry is read once, and again only after sealing."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._shards: dict[str, _Counted] = {}

    async def count(self, store: Store) -> Unsealed:
        """Return the count as of now. Raises StoreError, LedgerError."""
        (document,) = await store.get([Key(desk_shard(self._site), STATE)])
        sealed = state_of(document, self._site).through
        for shard in site_shards(self._site, store.shards):
            after = sealed.get(shard, 0)
            counted = self._shards.get(shard)
            if counted is None or counted.after != after:
                counted = _Counted(after, after)
            self._shards[shard] = await _count_further(store, shard, counted)
        times = [counted.oldest for counted in self._shards.values() if counted.oldest is not None]
        return Unsealed(sum(counted.entries for counted in self._shards.values()), min(times, default=None))


async def _count_further(store: Store, shard: str, counted: _Counted) -> _Counted:
    """Return the count with the entries committed since."""
    async for entry in read_entries(store, shard, Span(counted.through, _NEWEST)):
        oldest = decode(entry.payload).at if counted.oldest is None else counted.oldest
        counted = counted._replace(
            through=entry.position.sequence, entries=counted.entries + 1, oldest=oldest
        )
    return counted
