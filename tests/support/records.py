"""Records of a site, which alone say whose entries are whose."""

from __future__ import annotations

from consent_service.domain.standing import VisitorRecord, unpack_record
from consent_service.domain.suppression import NOBODY
from consent_service.store.contract import Key, Store
from consent_service.store.names import STANDINGS, is_standing, visitor_shards


async def records_of(store: Store, site: str) -> dict[Key, VisitorRecord]:
    """Every record of the site by where it lies, but for what erased ones left."""
    found = dict[Key, VisitorRecord]()
    async for batch in store.walk(visitor_shards(site, store.shards), STANDINGS):
        records = {key: unpack_record(one.value) for key, one in batch if is_standing(key.name)}
        found.update((key, record) for key, record in records.items() if record.subject != NOBODY)
    return found
