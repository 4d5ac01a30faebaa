"""Moving to more shards: every visitor's documents are found again, and nothing goes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.errors import StoreMismatch, StoreUnavailable
from consent_service.store.contract import Append, Change, Put, Store
from consent_service.store.engines import local_file, open_store
from consent_service.store.names import LEDGER, request_name, site_shards, standing_key
from consent_service.store.redis import RedisStore
from consent_service.store.sqlite import SqliteStore
from consent_service.store.sqlite.registration import sqlite_path
from consent_service.store.transfer.move import move_store
from tests.store.transfer.record_files import backup_records, restore_records
from tests.store.transfer.test_move import kill_at
from tests.support.redis.fleets import FLEETS, Cluster, empty

VISITORS = [bytes([0, 0, 0, number, *range(12)]) for number in range(24)]
PRESENT, WANTED = 4, 12


@pytest.fixture
def cluster() -> str:
    fleet = FLEETS.fleet(Cluster)
    empty(fleet)
    return fleet.url


@pytest.fixture
def origin(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/first.db"


@pytest.fixture
def other(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/second.db"


def opened(url: str, shards: int = PRESENT) -> Store:
    if local_file(url) is None:
        return RedisStore.open(url, shards=shards)
    return SqliteStore.open(sqlite_path(url), shards=shards)


async def choose(store: Store, visitor: bytes) -> int:
    """Return the change that a choice commits."""
    key = standing_key("acme", visitor, store.shards)
    put = [Put(key.name, visitor[3:4]), Put(request_name(key.name, bytes(16)), b"done")]
    return await store.commit(Change(key.shard, put=put, append=[Append(LEDGER, visitor)]))


async def fill(url: str) -> dict[bytes, int]:
    """A store of few shards; the version of each visitor's record."""
    store = opened(url)
    versions = {visitor: await choose(store, visitor) for visitor in VISITORS}
    await store.commit(Change("acme.desk", put=[Put(b"s", b"a script")]))
    await store.close()
    return versions


@pytest.mark.parametrize("backwards", [False, True])
async def test_every_visitor_is_found_again_and_no_version_goes_back(
    origin: str, cluster: str, backwards: bool
) -> None:
    first, second = (cluster, origin) if backwards else (origin, cluster)
    versions = await fill(first)
    assert await move_store(first, second, shards=WANTED) == WANTED + 1
    store = open_store(second)
    assert store.shards == WANTED
    for visitor, version in versions.items():
        key = standing_key("acme", visitor, WANTED)
        found, mark = await store.get([key, key._replace(name=request_name(key.name, bytes(16)))])
        assert found is not None
        assert (found.value, found.version) == (visitor[3:4], version)
        assert mark is not None
        assert not store.is_lost(key.shard, version)
        assert await choose(store, visitor) > max(versions.values())
    await store.close()


async def test_entries_stay_where_they_are_and_new_ones_follow(origin: str, other: str) -> None:
    versions = await fill(origin)
    store = opened(origin)
    before = (await store.read(LEDGER, site_shards("acme", PRESENT), "", 99)).entries
    alone = (await store.read(LEDGER, ["acme.01"], "", 2)).cursor
    rest = (await store.read(LEDGER, ["acme.01"], alone, 99)).entries
    await store.close()
    await move_store(origin, other, shards=WANTED)
    moved = open_store(other)
    after = (await moved.read(LEDGER, site_shards("acme", WANTED), "", 99)).entries
    assert sorted(after) == sorted(before)
    assert (await moved.read(LEDGER, ["acme.01"], alone, 99)).entries == rest
    for visitor in VISITORS:
        await choose(moved, visitor)
    entries = (await moved.read(LEDGER, site_shards("acme", WANTED), "", 99)).entries
    for visitor in VISITORS:
        first, second = sorted(one.position for one in entries if one.payload == visitor)
        assert first.sequence == versions[visitor] < second.sequence
    await moved.close()


async def test_rule_2_what_a_restoration_lost_stays_lost_in_every_part(
    origin: str, cluster: str, other: str, tmp_path: Path
) -> None:
    await fill(cluster)
    await backup_records(cluster, tmp_path / "saved")
    empty(FLEETS.fleet(Cluster))
    await restore_records(tmp_path / "saved", cluster)
    await move_store(cluster, other, shards=WANTED)
    store = open_store(other)
    assert all(store.is_lost(shard, 20) for shard in site_shards("acme", WANTED))
    assert not any(store.is_lost(shard, 6) for shard in site_shards("acme", WANTED)[:-1])
    await store.close()


@pytest.mark.parametrize("shards", [0, 2, 6, 1028, -4])
async def test_a_number_that_is_no_multiple_is_refused_before_anything_is_written(
    origin: str, other: str, shards: int
) -> None:
    await fill(origin)
    with pytest.raises(StoreMismatch, match="has 4 shards a site: name a multiple"):
        await move_store(origin, other, shards=shards)
    await move_store(origin, other)


@pytest.mark.parametrize("kind", ["file", "servers"])
async def test_half_a_move_does_not_go_on_under_another_number(
    origin: str, other: str, cluster: str, kind: str
) -> None:
    await fill(origin)
    destination = other if kind == "file" else cluster
    kill_at(2, origin, destination)
    with pytest.raises(StoreUnavailable, match="half a copy of another store"):
        await move_store(origin, destination, shards=WANTED)
    assert await move_store(origin, destination) == PRESENT + 1
