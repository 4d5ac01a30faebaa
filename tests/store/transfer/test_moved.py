"""A store that was moved away: it takes nothing more from anybody, says where it went, and can come back."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
import redis

from consent_service.errors import StoreError, StoreMoved, StoreUnavailable
from consent_service.store.contract import Append, Change, Document, Key, Put, Store
from consent_service.store.engines import examine_store, local_file, open_store
from consent_service.store.move_mark import MoveMark
from consent_service.store.redis import RedisStore
from consent_service.store.redis import endpoints as redis_endpoints
from consent_service.store.redis.address import parse_url
from consent_service.store.sqlite import SqliteStore, backup, mark_row, restore
from consent_service.store.sqlite import endpoints as sqlite_endpoints
from consent_service.store.sqlite.registration import sqlite_path
from consent_service.store.transfer.move import move_store, public_name
from consent_service.store.transfer.store_copy import ShardProgress, copy_store
from tests.store.transfer.record_files import backup_records, restore_records
from tests.store.transfer.test_move import SHARDS, answers, fill, places
from tests.support.redis.fleets import FLEETS, PASSWORD, Cluster, Standalone, empty
from tests.support.redis.server import Server, eventually
from tests.support.waiting import insisting

__all__ = ["places"]

NEW = ("acme.01", "acme.02", "acme.03")
A = Key("acme.07", b"0\0\xff")
PAIRS = [("sqlite", "other"), ("sqlite", "standalone"), ("standalone", "sqlite"), ("cluster", "guarded")]


def put(value: bytes, shard: str = A.shard) -> Change:
    return Change(shard, put=[Put(A.name, value)], append=[Append("ledger", value)])


@pytest.mark.parametrize(("origin", "destination"), PAIRS)
async def test_rule_5_a_store_that_was_moved_is_not_opened_and_says_where_it_went(
    places: dict[str, str], origin: str, destination: str
) -> None:
    await fill(places[origin])
    await move_store(places[origin], places[destination])
    with pytest.raises(StoreMoved) as caught:
        open_store(places[origin])
    facts = await examine_store(places[origin]).read_facts()
    assert facts.moved is not None
    assert facts.moved.to == public_name(places[destination])
    assert facts.moved.to in str(caught.value)
    for told in (str(caught.value), facts.moved.to):
        assert PASSWORD not in told
        assert "p%40ss" not in told
        assert "consent:" not in told


@pytest.mark.parametrize("kind", ["standalone", "cluster"])
async def test_rule_5_servers_that_are_open_while_they_are_moved_take_nothing_more(
    places: dict[str, str], kind: str
) -> None:
    await fill(places[kind])
    running = RedisStore.open(places[kind])
    mark, _ = await running.changed_since(None)
    assert await running.get([A]) != [None]
    await move_store(places[kind], places["sqlite"])
    for shard in (*SHARDS, "acme.63"):  # the last one is new
        with pytest.raises(StoreMoved, match="was moved to sqlite"):
            await running.commit(put(b"lost", shard))
    with pytest.raises(StoreMoved):
        await running.changed_since(mark)
    with pytest.raises(StoreMoved):  # what is read here may be out of date
        await running.get([A])
    await running.close()
    assert b"lost" not in [one.value for one in (await answers(places["sqlite"])).documents if one]


async def test_rule_5_a_file_that_is_marked_while_it_is_open_takes_nothing_more(tmp_path: Path) -> None:
    """A service in a container may hold a lock that nobody sees from here."""
    path = tmp_path / "store.db"
    store = SqliteStore.open(path)
    await store.commit(put(b"kept"))
    seen, _ = await store.changed_since(None)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        mark_row.write_mark(other.execute, MoveMark("redis://elsewhere:6379", int(time.time())))
    for call in (store.commit(put(b"lost")), store.changed_since(seen), store.get([A])):
        with pytest.raises(StoreMoved, match="redis://elsewhere:6379"):
            await call
    await store.close()


async def _write_until_refused(store: Store, shard: str, taken: list[bytes]) -> None:
    """Commit one after the other; `taken` are those that were acknowledged."""
    for number in range(1_000_000):
        value = b"%s-%d" % (shard.encode(), number)
        try:
            await store.commit(Change(shard, put=[Put(value, b"")], append=[Append("ledger", value)]))
        except StoreMoved:
            return
        taken.append(value)
        await asyncio.sleep(0)


class _Served(redis_endpoints.RedisEndpoint):
    """Servers that a forgotten service goes on writing to, while they are marked."""

    running: RedisStore
    taken: list[bytes]

    async def mark_moved(self, moved: MoveMark) -> None:
        shards = [*SHARDS, *NEW]
        writing = [asyncio.create_task(_write_until_refused(self.running, one, self.taken)) for one in shards]
        while not len(self.taken) > len(shards):
            await asyncio.sleep(0)
        await super().mark_moved(moved)
        await asyncio.gather(*writing)


async def test_rule_5_whatever_was_acknowledged_while_the_mark_was_set_is_in_the_copy(
    places: dict[str, str],
) -> None:
    await fill(places["cluster"])
    running = RedisStore.open(places["cluster"])
    async with redis_endpoints.open_source(parse_url(places["cluster"])) as found:
        source = _Served(found._router, found.name, found.about, found._known)
        source.running, source.taken = running, []
        with sqlite_endpoints.open_target(sqlite_path(places["sqlite"]), 1) as target:
            await copy_store(source, target, time.time, moved=MoveMark("sqlite:///elsewhere", 1))
    await running.close()
    shards, taken = [*SHARDS, *NEW], source.taken
    moved = open_store(places["sqlite"])
    kept = set[bytes]()
    cursor = ""
    while (page := await moved.read("ledger", shards, cursor, 10_000)).entries:
        kept |= {entry.payload for entry in page.entries}
        cursor = page.cursor
    await moved.close()
    assert taken
    assert set(taken) <= kept


class _DiskFull(sqlite_endpoints.SqliteEndpoint):
    """A place where the last step fails, once the source bears its mark."""

    async def complete_copy(self, about: object, restored_at: int | None) -> None:
        raise StoreUnavailable("full")


@pytest.mark.parametrize("origin", ["standalone", "other"])
async def test_a_move_cut_off_behind_its_mark_serves_nowhere_until_the_same_command_ends_it(
    places: dict[str, str], origin: str
) -> None:
    await fill(places[origin])
    before = await answers(places[origin])
    moved = MoveMark(public_name(places["sqlite"]), int(time.time()))
    path = sqlite_path(places["sqlite"])

    async def half(source: redis_endpoints.RedisEndpoint | sqlite_endpoints.SqliteEndpoint) -> None:
        with sqlite_endpoints.open_target(path, 1) as target:
            target.__class__ = _DiskFull
            with pytest.raises(StoreUnavailable, match="full"):
                await copy_store(source, target, time.time, moved=moved)

    if local_file(places[origin]) is None:
        async with redis_endpoints.open_source(parse_url(places[origin])) as servers:
            await half(servers)
    else:
        with sqlite_endpoints.open_source(sqlite_path(places[origin]), 1) as file:
            await half(file)
    with pytest.raises(StoreMoved, match="If that move was cut off, the same `move` finishes it"):
        open_store(places[origin])
    assert not path.exists()
    with pytest.raises(StoreUnavailable, match="half a copy"):
        SqliteStore.open(path.with_name(path.name + ".moving"))
    with pytest.raises(StoreMoved, match="was moved to sqlite"):  # only there
        await move_store(places[origin], places["guarded"])
    await move_store(places[origin], places["sqlite"])
    assert await answers(places["sqlite"]) == before


@pytest.mark.parametrize(("origin", "destination"), [*PAIRS, ("standalone", "cluster")])
async def test_a_store_comes_back_with_what_it_took_elsewhere(
    places: dict[str, str], origin: str, destination: str
) -> None:
    await fill(places[origin])
    await move_store(places[origin], places[destination])
    there = open_store(places[destination])
    version = await there.commit(put(b"newer"))
    await there.commit(put(b"new", "acme.21"))
    await there.close()
    before = await answers(places[destination])
    await move_store(places[destination], places[origin])
    with pytest.raises(StoreMoved):
        open_store(places[destination])
    assert await answers(places[origin]) == before
    here = open_store(places[origin])
    assert await here.get([A, Key("acme.21", A.name)]) == [Document(b"newer", version), Document(b"new", 1)]
    assert await here.commit(put(b"newest")) == version + 1
    await here.close()
    await move_store(places[origin], places[destination])  # and there again
    assert (await answers(places[destination])).documents != before.documents


async def test_a_second_name_that_a_killed_move_left_keeps_no_store_from_coming_back(
    places: dict[str, str],
) -> None:
    await fill(places["sqlite"])
    await move_store(places["sqlite"], places["other"])
    file = sqlite_path(places["other"])
    file.with_name(f"{file.name}.moving").hardlink_to(file)  # killed before it took the first name away
    before = await answers(places["other"])
    await move_store(places["other"], places["sqlite"])
    await move_store(places["sqlite"], places["other"])
    assert await answers(places["other"]) == before


async def test_another_store_under_the_name_of_half_a_copy_stays_as_it_is(places: dict[str, str]) -> None:
    await fill(places["sqlite"])
    await fill(places["other"])
    half = sqlite_path(places["other"]).rename(sqlite_path(places["other"]).with_suffix(".db.moving"))
    before = half.read_bytes()
    with pytest.raises(StoreUnavailable, match="is another store"):
        await move_store(places["sqlite"], f"sqlite:///{half.with_suffix('')}")
    assert half.read_bytes() == before
    await open_store(places["sqlite"]).close()  # it was not marked


async def test_only_the_store_itself_comes_back_over_what_it_left(places: dict[str, str]) -> None:
    for origin, destination in (("sqlite", "guarded"), ("standalone", "cluster")):
        await fill(places[origin])
        await move_store(places[origin], places[destination])
    with pytest.raises(StoreUnavailable, match="holds another store, which was moved away"):
        await move_store(places["guarded"], places["standalone"])
    with pytest.raises(StoreUnavailable, match="holds another store, which was moved away"):
        await move_store(places["cluster"], places["sqlite"])
    for here in ("guarded", "cluster"):
        await open_store(places[here]).close()  # neither was marked


def _stopping(at: int) -> ShardProgress:
    def stop(done: int, _total: int) -> None:
        if done == at:
            raise StoreUnavailable("cut")

    return stop


@pytest.mark.parametrize("origin", ["standalone", "cluster"])
async def test_a_way_back_to_servers_that_was_cut_off_goes_on(places: dict[str, str], origin: str) -> None:
    await fill(places[origin])
    running = RedisStore.open(places[origin])  # somebody forgot to stop it
    await move_store(places[origin], places["sqlite"])
    before = await answers(places["sqlite"])
    for stop in (1, len(SHARDS) - 1):
        with pytest.raises(StoreUnavailable, match="cut"):
            await move_store(places["sqlite"], places[origin], progress=_stopping(stop))
        for shard in (*SHARDS, "acme.63"):
            with pytest.raises(StoreMoved):
                await running.commit(put(b"lost", shard))
        with pytest.raises(StoreUnavailable):
            open_store(places[origin])
        assert await answers(places["sqlite"]) == before
    await move_store(places["sqlite"], places[origin])
    assert await answers(places[origin]) == before
    await running.commit(put(b"taken"))
    await running.close()


async def test_rule_2_where_nothing_is_left_of_the_copy_its_backup_brings_the_old_store_back(
    places: dict[str, str], tmp_path: Path
) -> None:
    """Choices made there are known to be lost."""
    await fill(places["sqlite"])
    await move_store(places["sqlite"], places["standalone"])
    there = open_store(places["standalone"])
    gone = await there.commit(put(b"newer"))
    await there.close()
    empty(FLEETS.fleet(Standalone))
    path = sqlite_path(places["sqlite"])
    backup(path, tmp_path / "saved.db")
    restore(tmp_path / "saved.db", path)
    here = SqliteStore.open(path)
    assert here.is_lost("acme.07", gone)
    assert await here.commit(put(b"again")) > gone
    await here.close()


async def test_the_backup_of_servers_that_were_moved_brings_them_back(
    places: dict[str, str], tmp_path: Path
) -> None:
    await fill(places["standalone"])
    await move_store(places["standalone"], places["other"])
    await backup_records(places["standalone"], tmp_path / "saved")
    with pytest.raises(StoreError, match="not empty"):
        await restore_records(tmp_path / "saved", places["standalone"])
    empty(FLEETS.fleet(Standalone))
    await restore_records(tmp_path / "saved", places["standalone"])
    assert (await answers(places["standalone"])).documents == (await answers(places["other"])).documents


async def test_a_move_that_was_done_says_so_when_it_is_asked_for_again(places: dict[str, str]) -> None:
    await fill(places["sqlite"])
    await fill(places["standalone"])
    await move_store(places["sqlite"], places["other"])
    with pytest.raises(StoreUnavailable, match=r"exists already.*was moved there on"):
        await move_store(places["sqlite"], places["other"])
    await move_store(places["standalone"], places["cluster"])
    with pytest.raises(StoreUnavailable, match=r"not empty.*was moved there on"):
        await move_store(places["standalone"], places["cluster"])


def take_over(replica: Server) -> None:
    """Make this replica the master. One after another, for masters vote, and vote once at a time."""
    insisting(
        lambda: replica.ask("CLUSTER", "FAILOVER"),
        lambda: replica.ask("ROLE")[0] == "master",
        ignoring=[redis.RedisError],
    )


async def test_a_replica_that_takes_over_knows_that_the_store_was_moved(places: dict[str, str]) -> None:
    fleet = FLEETS.fleet(Cluster)
    await fill(places["cluster"])
    await move_store(places["cluster"], places["sqlite"])
    masters = fleet.masters()
    for replica in [server for server in fleet.servers if server not in masters]:
        take_over(replica)
    eventually(lambda: not set(fleet.masters()) & set(masters))
    with pytest.raises(StoreMoved):
        open_store(places["cluster"])
