"""The count of what no segment holds yet, as it goes up with each entry and down with each segment."""

from __future__ import annotations

from pathlib import Path

from consent_service.ledger.unsealed import Unsealed, UnsealedCount
from tests.ledger.sealed import a_site, record
from tests.support.clock import START


async def test_each_entry_counts_once_until_it_is_sealed(tmp_path: Path) -> None:
    async with a_site(tmp_path, [3]) as site:
        count = UnsealedCount("acme")
        assert await count.count(site.store) == Unsealed(0, None)
        for number in range(5):
            await record(site.store, number)
        assert await count.count(site.store) == Unsealed(5, START)
        assert await count.count(site.store) == Unsealed(5, START)
        await record(site.store, 1)
        assert await count.count(site.store) == Unsealed(6, START)
        await site.seal()
        assert await count.count(site.store) == Unsealed(0, None)
        await record(site.store, 2)
        assert await count.count(site.store) == Unsealed(1, START)


async def test_a_count_that_begins_late_sees_what_waits_already(tmp_path: Path) -> None:
    async with a_site(tmp_path, [3]) as site:
        await record(site.store, 1)
        await record(site.store, 1)
        assert await UnsealedCount("acme").count(site.store) == Unsealed(2, START)
        assert await UnsealedCount("other").count(site.store) == Unsealed(0, None)
