"""Retention: what goes leaves an anchor, and what rests on it is carried forward first."""

from __future__ import annotations

from pathlib import Path

from consent_service.domain.standing import unpack
from consent_service.identity.keys import DAY
from consent_service.ledger import segments
from consent_service.ledger.archive import segment_name
from consent_service.ledger.entries import CarriedEntry, decode, standing_of
from consent_service.ledger.heads import Head
from consent_service.ledger.retention import drop, is_over
from consent_service.ledger.trimming import trim
from consent_service.ledger.verification import verify
from consent_service.store.contract import Change
from consent_service.store.keys import LEDGER, site_shards, standing_key
from tests.ledger.sealed import GPC, SIGNER, Site, a_site, record, visitor

KEPT = dict.fromkeys(("choice", "signal", "doubt", "carried"), 744 * DAY)


async def dropped(site: Site, days: int) -> int:
    site.clock.now += days * DAY
    sealer, now = site.sealer(), int(site.clock())
    assert await sealer.take_lease()
    await trim(sealer, now)
    done = await drop(sealer, KEPT, now)
    await sealer.release()
    return done


async def left(site: Site) -> list[bytes]:
    """Every entry that the archive and the hot log still hold, oldest first."""
    names = [segment_name("acme", number) for number in range(1, 9)]
    sealed = [data for name in names if (data := site.archive.get(name)) is not None]
    lines = [line for data in sealed for line in segments.split(segments.unpack(data))]
    page = await site.store.read(LEDGER, site_shards("acme", site.store.shards), "", 1_000)
    return [segments.entry_at(line)[1] for line in lines] + [entry.payload for entry in page.entries]


async def test_rule_6_what_is_left_still_amounts_to_every_standing(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        for number in range(5):
            await record(site.store, number)
        await site.seal()
        await record(site.store, 2, GPC)
        await record(site.store, 9)
        assert await dropped(site, 800) == 1
        entries = await left(site)
        for number in (*range(5), 9):
            key = standing_key("acme", visitor(number), site.store.shards)
            (found,) = await site.store.get([key])
            assert found is not None
            mine = [entry for entry in entries if decode(entry).visitor == visitor(number).hex()]
            assert standing_of(mine) == unpack(found.value)
        assert sum(isinstance(decode(entry), CarriedEntry) for entry in entries) == 5


async def test_the_archive_still_holds_behind_its_anchor(tmp_path: Path) -> None:
    async with a_site(tmp_path, [5, 3]) as site:
        assert await dropped(site, 800) == 2
        assert await site.seal() == 1
        report = verify(site.archive, SIGNER.public())
        assert (report.findings, report.dropped, report.segments) == ([], 2, 1)


async def test_nothing_goes_before_its_time_or_before_it_left_the_log(tmp_path: Path) -> None:
    async with a_site(tmp_path, [5]) as site:
        assert await dropped(site, 743) == 0
        assert await dropped(site, 1) == 1
    (tmp_path / "b").mkdir()
    async with a_site(tmp_path / "b", [5]) as site:
        site.clock.now += 800 * DAY
        sealer = site.sealer()
        assert await sealer.take_lease()
        assert await drop(sealer, KEPT, int(site.clock())) == 0


async def test_an_erased_visitor_is_not_carried(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        await record(site.store, 1)
        await site.seal()
        key = standing_key("acme", visitor(1), site.store.shards)
        await site.store.commit(Change(key.shard, delete=[key.name]))
        assert await dropped(site, 800) == 1
        assert await left(site) == []


def test_a_segment_stays_as_long_as_any_kind_in_it() -> None:
    head = Head("acme", 1, "", 5, {}, 2, "", "", "", {"choice": 100, "signal": 50})
    assert is_over(head, {"choice": 10, "signal": 10}, 110)
    assert not is_over(head, {"choice": 11, "signal": 10}, 110)
    assert not is_over(head, {"choice": 10, "signal": 61}, 110)
    assert not is_over(head, {"choice": 10}, 10_000)
