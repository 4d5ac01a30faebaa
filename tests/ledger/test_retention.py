"""Retention: what goes leaves an anchor, and what rests on it is carried forward first."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from consent_service.domain.standing import standing_in
from consent_service.errors import LedgerError
from consent_service.identity.key_ring import DAY
from consent_service.ledger import segments
from consent_service.ledger.checkpoints import Checkpoint
from consent_service.ledger.entries import CarriedEntry, decode, standing_of
from consent_service.ledger.log_trim import trim_log
from consent_service.ledger.object_names import segment_name
from consent_service.ledger.retention import drop_expired, is_over
from consent_service.ledger.tampering import Tampering
from consent_service.ledger.verification import verify
from consent_service.store.contract import Change, Put
from consent_service.store.names import LEDGER, site_shards, standing_key
from tests.ledger.sealed import GPC, OPT_OUT, SIGNER, Site, a_site, record, subject, visitor

KEPT = dict.fromkeys(("choice", "signal", "doubt", "carried"), 744 * DAY)


async def dropped(site: Site, days: int) -> int:
    site.clock.now += days * DAY
    sealer, now = site.sealer(), int(site.clock())
    assert await sealer.take_lease()
    await trim_log(sealer, now)
    done = await drop_expired(sealer, KEPT, now)
    await sealer.release_lease()
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
            mine = [entry for entry in entries if decode(entry).subject == subject(number).hex()]
            assert standing_of(mine) == standing_in(found.value)
        assert sum(isinstance(decode(entry), CarriedEntry) for entry in entries) == 5


async def test_the_archive_still_holds_behind_its_anchor(tmp_path: Path) -> None:
    async with a_site(tmp_path, [5, 3]) as site:
        assert await dropped(site, 800) == 2
        assert await site.seal() == 1
        report = verify(site.archive, SIGNER.public_keys())
        assert (report.findings, report.dropped, report.segments) == ([], 2, 1)


async def test_no_segment_is_dropped_before_its_time_or_before_it_was_trimmed(tmp_path: Path) -> None:
    async with a_site(tmp_path, [5]) as site:
        assert await dropped(site, 743) == 0
        assert await dropped(site, 1) == 0, "a day's segments go together"
        assert await dropped(site, 1) == 1
    (tmp_path / "b").mkdir()
    async with a_site(tmp_path / "b", [5]) as site:
        site.clock.now += 800 * DAY
        sealer = site.sealer()
        assert await sealer.take_lease()
        assert await drop_expired(sealer, KEPT, int(site.clock())) == 0


async def test_a_segment_that_was_taken_away_gets_no_anchor(tmp_path: Path) -> None:
    async with a_site(tmp_path, [5, 3]) as site:
        site.clock.now += 800 * DAY
        sealer, now = site.sealer(), int(site.clock())
        assert await sealer.take_lease()
        assert await trim_log(sealer, now) == 2
        site.archive.delete(segment_name("acme", 1))
        with pytest.raises(LedgerError, match=r"segment 1 of acme is missing in the archive, and no anchor"):
            await drop_expired(sealer, KEPT, now)
        assert [finding.what for finding in verify(site.archive, SIGNER.public_keys()).findings] == [
            Tampering.SEGMENT_MISSING
        ]


async def test_a_drop_that_a_crash_cut_off_goes_on(tmp_path: Path) -> None:
    async with a_site(tmp_path, [5, 3]) as site:
        assert await dropped(site, 800) == 2
        sealer = site.sealer()
        found, state = await sealer.read_state()
        assert await sealer.take_lease()
        await sealer.commit_state(found, replace(state, dropped=1))  # the second one's anchor is there
        assert await drop_expired(sealer, KEPT, int(site.clock())) == 1
        assert verify(site.archive, SIGNER.public_keys()).findings == []


async def test_a_visitor_in_several_segments_that_are_dropped_together_is_carried_once(
    tmp_path: Path,
) -> None:
    async with a_site(tmp_path) as site:
        for fact in (OPT_OUT, GPC, OPT_OUT):
            await record(site.store, 1, fact)
            await site.seal()
        assert await dropped(site, 800) == 3
        (entry,) = await left(site)
        assert isinstance(decode(entry), CarriedEntry)


async def test_a_record_that_can_t_be_read_keeps_everything(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        await record(site.store, 1)
        await site.seal()
        key = standing_key("acme", visitor(2), site.store.shards)
        await site.store.commit(Change(key.shard, put=[Put(key.name, b"damaged")]))
        with pytest.raises(LedgerError, match="nothing is dropped"):
            await dropped(site, 800)


async def test_an_erased_visitor_is_not_carried(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        await record(site.store, 1)
        await site.seal()
        key = standing_key("acme", visitor(1), site.store.shards)
        await site.store.commit(Change(key.shard, delete=[key.name]))
        assert await dropped(site, 800) == 1
        assert await left(site) == []


def test_a_segment_is_kept_until_the_time_of_every_kind_in_it_is_over() -> None:
    checkpoint = Checkpoint("acme", 1, "", 5, {}, 2, "", "", "", {"choice": 100, "signal": 50})
    assert is_over(checkpoint, {"choice": 10, "signal": 10}, 110)
    assert not is_over(checkpoint, {"choice": 11, "signal": 10}, 110)
    assert not is_over(checkpoint, {"choice": 10, "signal": 61}, 110)
    assert not is_over(checkpoint, {"choice": 10}, 10_000)
