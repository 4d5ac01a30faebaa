"""Backlog: the entries that wait to be sealed, as a reader of the store finds them."""

from __future__ import annotations

from pathlib import Path

from consent_service.ledger.backlog import Backlog, read_backlog
from consent_service.store.engines import examine_store
from consent_service.store.names import visitor_shard
from tests.ledger.sealed import Site, a_site, record, visitor
from tests.support.clock import START


async def looked(site: Site, folder: Path) -> Backlog:
    return await read_backlog(
        examine_store(f"sqlite:///{folder}/store.db", clock=site.clock), site.store.shards, "acme"
    )


async def test_only_what_is_behind_the_last_segment_waits(tmp_path: Path) -> None:
    async with a_site(tmp_path, [4, 3]) as site:
        assert await looked(site, tmp_path) == Backlog("acme", 2, {})
        await record(site.store, 5)
        shard = visitor_shard("acme", visitor(5), site.store.shards)
        assert await looked(site, tmp_path) == Backlog("acme", 2, {shard: START})
        await site.seal()
        assert await looked(site, tmp_path) == Backlog("acme", 3, {})


async def test_a_site_that_was_never_sealed_waits_from_its_first_entry(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        await record(site.store, 1)
        await record(site.store, 1)
        found = await looked(site, tmp_path)
        assert (found.segments, list(found.waiting.values())) == (0, [START])
