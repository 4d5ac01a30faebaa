"""Trimming: only what the archive gives back leaves the hot log."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.errors import LedgerError
from consent_service.ledger.log_trim import trim_log
from consent_service.ledger.object_names import segment_name
from consent_service.ledger.verification import verify
from consent_service.store.names import LEDGER, site_shards
from tests.ledger.sealed import SIGNER, Site, a_site, record


async def hot(site: Site) -> int:
    """Return the number of entries in the hot log."""
    page = await site.store.read(LEDGER, site_shards("acme", site.store.shards), "", 1_000)
    return len(page.entries)


async def trimmed(site: Site, age: int = 0) -> int:
    sealer = site.sealer()
    assert await sealer.take_lease()
    done = await trim_log(sealer, int(site.clock()) - age)
    await sealer.release_lease()
    return done


async def test_what_was_sealed_long_enough_ago_leaves_the_log_and_sealing_goes_on(tmp_path: Path) -> None:
    async with a_site(tmp_path, [6, 5]) as site:
        site.clock.now += 1_000
        assert await trimmed(site, 2_000) == 1
        assert await hot(site) == 5
        assert await trimmed(site, 2_000) == 0
        assert await trimmed(site) == 1
        assert await hot(site) == 0
        await record(site.store, 1)
        assert await site.seal() == 1
        report = verify(site.archive, SIGNER.public_keys())
        assert (report.findings, report.entries) == ([], 12)


@pytest.mark.parametrize("damage", ["missing", "changed"])
async def test_what_the_archive_does_not_give_back_stays(tmp_path: Path, damage: str) -> None:
    async with a_site(tmp_path, [6, 5]) as site:
        site.clock.now += 1_000
        if damage == "missing":
            site.archive.delete(segment_name("acme", 1))
        else:
            site.archive.put(segment_name("acme", 1), site.objects()[segment_name("acme", 2)])
        with pytest.raises(LedgerError, match="segment 1 of acme"):
            await trimmed(site)
        assert await hot(site) == 11
