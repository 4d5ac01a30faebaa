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
            shard_count = self._shards.get(shard)
            if shard_count is None or shard_count.after != after:
                shard_count = _Counted(after, after)
            self._shards[shard] = await _count_further(store, shard, shard_count)
        times = [
            shard_count.oldest for shard_count in self._shards.values() if shard_count.oldest is not None
        ]
        return Unsealed(
            sum(shard_count.entries for shard_count in self._shards.values()), min(times, default=None)
        )


async def _count_further(store: Store, shard: str, shard_count: _Counted) -> _Counted:
    """Return the count with the entries committed since."""
    async for entry in read_entries(store, shard, Span(shard_count.through, _NEWEST)):
        oldest = decode(entry.payload).at if shard_count.oldest is None else shard_count.oldest
        shard_count = shard_count._replace(
            through=entry.position.sequence, entries=shard_count.entries + 1, oldest=oldest
        )
    return shard_count
