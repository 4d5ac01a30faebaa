"""A backup restored is the store that was saved: for any store that can be, in both engines."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent_service.errors import Conflict
from consent_service.store.contract import Change, Store
from consent_service.store.redis import RedisStore
from consent_service.store.redis import endpoints as redis_endpoints
from consent_service.store.redis.address import parse_url
from consent_service.store.sqlite import SqliteStore, backup, restore
from consent_service.store.sqlite import endpoints as sqlite_endpoints
from consent_service.store.transfer.records import CopySource, Record, ShardHead
from tests.store.test_machine import changes
from tests.store.transfer.record_files import backup_records, restore_records
from tests.support.clock import START
from tests.support.redis.fleets import FLEETS, Standalone, empty

Held = dict[str, tuple[ShardHead, list[Record]]]
NEVER = 2**62
PLAN = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def held(source: CopySource, now: int = START) -> Held:
    """All that a store holds and that does not expire by `now`."""
    found: Held = {}
    for shard in await source.shards():
        records = [record async for batch in source.read_records(shard, now) for record in batch]
        found[shard] = await source.read_head(shard), records
    return found


async def of_file(path: Path) -> Held:
    with sqlite_endpoints.open_source(path, START) as source:
        return await held(source)


async def of_servers(url: str) -> Held:
    """The command goes by this machine's clock, so what is mortal in these changes is left out of account."""
    async with redis_endpoints.open_source(parse_url(url)) as source:
        return await held(source, NEVER)


async def fill(store: Store, made: Sequence[Change]) -> None:
    for change in made:
        with suppress(Conflict):
            await store.commit(change)
    await store.close()


def check_same(before: Held, after: Held) -> None:
    """The same records in the same shards; each counter went on, and what lies between is known to be lost."""
    assert {shard: records for shard, (_, records) in after.items()} == {
        shard: records for shard, (_, records) in before.items()
    }
    for shard, (head, _) in after.items():
        counter = before[shard][0].counter
        assert head.counter > counter
        assert head.gaps == ((counter, head.counter - 1),)


async def _file_there_and_back(made: Sequence[Change]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, saved, other = (Path(folder) / name for name in ("a.db", "saved.db", "b.db"))
        await fill(SqliteStore.open(path, clock=lambda: START), made)
        before = await of_file(path)
        backup(path, saved)
        restore(saved, other, now=START)
        check_same(before, await of_file(other))


async def _servers_there_and_back(url: str, made: Sequence[Change]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await fill(RedisStore.open(url, clock=lambda: START), made)
        before = await of_servers(url)
        await backup_records(url, Path(folder) / "saved")
        empty(FLEETS.fleet(Standalone))
        await restore_records(Path(folder) / "saved", url)
        check_same(before, await of_servers(url))


@settings(PLAN, max_examples=25)
@given(st.lists(changes, max_size=6))
def test_any_sqlite_store_comes_back_as_it_was(made: list[Change]) -> None:
    asyncio.run(_file_there_and_back(made))


@settings(PLAN, max_examples=15)
@given(st.lists(changes, max_size=6))
def test_any_redis_store_comes_back_as_it_was(made: list[Change]) -> None:
    fleet = FLEETS.fleet(Standalone)
    empty(fleet)
    asyncio.run(_servers_there_and_back(fleet.url, made))


@pytest.mark.soak
@settings(PLAN, max_examples=2000)
@given(st.lists(changes, max_size=12))
def test_every_sqlite_store_comes_back_as_it_was(made: list[Change]) -> None:
    asyncio.run(_file_there_and_back(made))
