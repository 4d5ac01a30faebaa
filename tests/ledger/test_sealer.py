"""Sealing: the same object however often it is made, one sealer at a time, and nothing left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from consent_service.errors import ArchiveUnavailable, LeaseLost, LedgerForked
from consent_service.ledger import checkpoints, segments, tree
from consent_service.ledger.object_names import checkpoint_name, segment_name
from tests.ledger.sealed import SIGNER, a_site, record


class Crash(Exception):
    """Crash that a test lets happen."""


async def test_a_segment_holds_every_entry_once_by_shard_and_position(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        ids = [await record(site.store, number) for number in range(20)]
        assert await site.seal() == 1
        lines = segments.split(segments.unpack(site.objects()[segment_name("acme", 1)]))
        places = [segments.entry_at(line)[0] for line in lines]
        assert places == sorted(places)
        assert sorted(ids) == sorted(
            segments.entry_at(line)[1].split(b'"id":"')[1][:36].decode() for line in lines
        )


async def test_the_checkpoints_are_signed_and_chained_and_cover_positions_without_a_gap(
    tmp_path: Path,
) -> None:
    async with a_site(tmp_path, [5, 7]) as site:
        objects = site.objects()
        first, second = (
            checkpoints.open_checkpoint(objects[checkpoint_name("acme", number)], SIGNER.public_keys())
            for number in (1, 2)
        )
        assert (first.entries, second.entries) == (5, 7)
        assert second.previous == checkpoints.digest_of(first)
        assert all(
            second.spans[shard].after == first.spans[shard].through
            for shard in first.spans.keys() & second.spans
        )
        lines = segments.split(segments.unpack(objects[segment_name("acme", 1)]))
        assert first.root == tree.root_of(tree.leaf_hashes(lines)).hex()


async def test_without_new_entries_nothing_is_sealed(tmp_path: Path) -> None:
    async with a_site(tmp_path, [3]) as site:
        before = site.objects()
        assert await site.seal() == 0
        assert site.objects() == before


@pytest.mark.parametrize("puts", range(4))
async def test_a_crash_between_any_two_steps_leads_to_the_same_objects(tmp_path: Path, puts: int) -> None:
    async with a_site(tmp_path, [4]) as site:
        for number in range(6):
            await record(site.store, number)
        left = [puts]
        put = site.archive.put

        def crashing(name: str, data: bytes) -> None:
            if left[0] == 0:
                raise Crash
            left[0] -= 1
            put(name, data)

        site.archive.put = crashing  # type: ignore[method-assign]  # the disk's part
        if puts < 3:
            with pytest.raises(Crash):
                await site.seal()
        else:
            await site.seal()
        crashed = site.objects()
        left[0] = -1
        await record(site.store, 77)  # what comes in between is not in the plan
        await site.seal()
        whole = site.objects()
        assert {name: whole[name] for name in crashed} == crashed
        checkpoint = checkpoints.open_checkpoint(whole[checkpoint_name("acme", 2)], SIGNER.public_keys())
        assert checkpoint.entries == 6
        assert (
            checkpoints.open_checkpoint(whole[checkpoint_name("acme", 3)], SIGNER.public_keys()).entries == 1
        )


async def test_one_process_seals_at_a_time(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        await record(site.store, 1)
        one, other = site.sealer(), site.sealer()
        assert await one.take_lease()
        assert not await other.take_lease()
        site.clock.now += 600
        assert await other.take_lease()
        with pytest.raises(LeaseLost):
            await one.seal()
        assert await other.seal() == 1


async def test_a_restored_older_store_goes_on_from_the_archive(tmp_path: Path) -> None:
    async with a_site(tmp_path, [4, 5]) as site:
        sealer = site.sealer()
        site.clock.now += 600
        assert await sealer.take_lease()
        found, state = await sealer.read_state()
        first = (site.folder / checkpoint_name("acme", 1)).read_bytes()
        checkpoint = checkpoints.open_checkpoint(first, SIGNER.public_keys())
        through = {shard: span.through for shard, span in checkpoint.spans.items()}
        older = type(state)(1, checkpoints.digest_of(checkpoint), first, through)
        await sealer.commit_state(found, older)
        await record(site.store, 5)
        await site.seal()
        assert (
            checkpoints.open_checkpoint(
                site.objects()[checkpoint_name("acme", 3)], SIGNER.public_keys()
            ).entries
            == 1
        )


async def test_two_services_can_t_share_one_archive(tmp_path: Path) -> None:
    async with a_site(tmp_path, [4]) as site:
        (tmp_path / "b").mkdir()
        async with a_site(tmp_path / "b") as stranger:
            stranger.archive = site.archive
            await record(stranger.store, 1)
            checkpoint = checkpoints.open_checkpoint(
                site.objects()[checkpoint_name("acme", 1)], SIGNER.public_keys()
            )
            forked = replace(checkpoint, number=2, previous="0" * 64)
            site.archive.put(checkpoint_name("acme", 2), checkpoints.sign(SIGNER, forked))
            with pytest.raises(LedgerForked):
                await stranger.seal()


async def test_an_archive_that_is_not_there_is_not_made_up(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        await record(site.store, 1)
        site.folder.rmdir()
        with pytest.raises(ArchiveUnavailable, match="not there"):
            await site.seal()
        site.folder.mkdir()
        assert await site.seal() == 1
