"""Whose entries are whose: the records of a site, which alone say it."""

from __future__ import annotations

from consent_service.domain.records import VisitorRecord, unpack_record
from consent_service.store.contract import Store
from consent_service.store.keys import STANDINGS, visitor_of, visitor_shards


async def records_of(store: Store, site: str) -> dict[bytes, VisitorRecord]:
    """Every record of the site by its visitor's id."""
    found = dict[bytes, VisitorRecord]()
    async for batch in store.walk(visitor_shards(site, store.shards), STANDINGS):
        named = ((visitor_of(key.name), document) for key, document in batch)
        found.update((visitor, unpack_record(one.value)) for visitor, one in named if visitor is not None)
    return found
