"""Moving a store between engines, and the backup of one that is no file: what arrives is what was there."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from consent_service.errors import (
    CursorExpired,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreLocked,
    StoreUnavailable,
)
from consent_service.store.contract import Append, Change, Document, Key, Member, Page, Put, Store, Trim
from consent_service.store.engines import local_file, open_store
from consent_service.store.redis import endpoints as redis_endpoints
from consent_service.store.redis.address import parse_url
from consent_service.store.sqlite import endpoints as sqlite_endpoints
from consent_service.store.sqlite.registration import sqlite_path
from consent_service.store.transfer import backup_file
from consent_service.store.transfer.move import move_store
from consent_service.store.transfer.records import EntryRecord, Record
from consent_service.store.transfer.store_copy import copy_store
from tests.store.transfer.record_files import backup_records, restore_records
from tests.support.redis.fleets import FLEETS, Cluster, Guarded, Standalone, empty

SHARDS = ("acme.desk", "acme.00", "acme.07", "b*[s]?.01")
SOON = int(time.time()) + 3600
ALWAYS = (-(2**53), 2**53)


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """An empty place of each kind: its URL."""
    fleets = {kind.__name__.lower(): FLEETS.fleet(kind) for kind in (Standalone, Guarded, Cluster)}
    for fleet in fleets.values():
        empty(fleet)
    return {name: fleet.url for name, fleet in fleets.items()} | {
        "sqlite": f"sqlite:///{tmp_path}/first.db",
        "other": f"sqlite:///{tmp_path}/second.db",
    }


async def fill(url: str) -> str:
    """A store with something of everything in each shard, more than one batch of it in some.

    Returns a cursor into the ledger that a trim has overtaken.
    """
    store = open_store(url)
    for shard in SHARDS:
        for number in range(3):
            await store.commit(
                Change(
                    shard,
                    put=[
                        Put(b"%d\0\xff" % number, b"v%d" % number),
                        Put(b"mortal", b"m", SOON),
                        Put(b"gone", b""),
                    ],
                    delete=[b"gone"],
                    add=[Member(b"due", b"m%d" % number, -number), Member(b"x\xff", b"same", number)],
                    append=[
                        Append("ledger", b"%d" % number),
                        Append("ledger", b"again"),
                        Append("mail", b""),
                    ],
                )
            )
    overtaken = (await store.read("ledger", SHARDS, "", 1)).cursor
    for shard in SHARDS:
        await store.commit(Change(shard, trim=[Trim("ledger", 1)], put=[Put(b"expired", b"", 1)]))
    many = [Put(b"many%d" % number, b"") for number in range(700)]
    members = [Member(b"many", b"%d" % number, number % 3) for number in range(700)]
    entries = [Append("many", b"%d" % number) for number in range(700)]
    await store.commit(Change("acme.07", put=many, add=members, append=entries))
    await store.close()
    return overtaken


class Told(NamedTuple):
    """Answers of a store."""

    shards: int
    documents: list[Document | None]
    entries: list[Page]
    members: list[list[Member]]
    counts: list[int]
    lost: list[bool]


async def told(store: Store) -> Told:
    names = [b"0\0\xff", b"1\0\xff", b"2\0\xff", b"mortal", b"gone", b"expired", b"many9", b"many699"]
    every = [(shard, index) for shard in SHARDS for index in (b"due", b"x\xff", b"many")]
    return Told(
        store.shards,
        await store.get([Key(shard, name) for shard in SHARDS for name in names]),
        [await store.read("mail", SHARDS, "", 99), await store.read("many", SHARDS, "", 999)],
        [await store.range(shard, index, *ALWAYS, limit=999) for shard, index in every],
        [await store.count(shard, index, 0, 1) for shard, index in every],
        [
            store.is_lost(shard, version)
            for shard in (*SHARDS, "acme.63")
            for version in (1, 4, 5, 6, 1 << 51)
        ],
    )


async def answers(url: str) -> Told:
    store = open_store(url)
    try:
        return await told(store)
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("origin", "destination"),
    [
        ("sqlite", "other"),
        ("sqlite", "standalone"),
        ("sqlite", "cluster"),
        ("standalone", "sqlite"),
        ("cluster", "sqlite"),
        ("standalone", "cluster"),
        ("cluster", "guarded"),
    ],
)
async def test_a_moved_store_answers_as_it_did_and_goes_on_counting(
    places: dict[str, str], origin: str, destination: str
) -> None:
    overtaken = await fill(places[origin])
    store = open_store(places[origin])
    cursor = (await store.read("ledger", SHARDS, "", 5)).cursor
    rest = await store.read("ledger", SHARDS, cursor, 99)
    await store.close()
    before = await answers(places[origin])
    assert await move_store(places[origin], places[destination]) == len(SHARDS)
    assert await answers(places[destination]) == before
    moved = open_store(places[destination])
    assert (await moved.read("ledger", SHARDS, cursor, 99)).entries == rest.entries
    with pytest.raises(CursorExpired):
        await moved.read("ledger", SHARDS, overtaken, 9)
    assert await moved.commit(Change("acme.07", {b"many9": 5}, put=[Put(b"many9", b"new")])) == 6
    await moved.close()


def _move_and_die(origin: str, destination: str, number: int) -> None:
    def die(done: int, _total: int) -> None:
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(move_store(origin, destination, progress=die))


def kill_at(number: int, origin: str, destination: str) -> None:
    """Move in a process of its own that is killed when so many shards are done."""
    process = get_context("spawn").Process(target=_move_and_die, args=(origin, destination, number))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize(("origin", "destination"), [("sqlite", "cluster"), ("standalone", "sqlite")])
async def test_a_killed_move_can_not_be_served_and_goes_on_where_it_was(
    places: dict[str, str], origin: str, destination: str
) -> None:
    await fill(places[origin])
    before = await answers(places[origin])
    kill_at(2, places[origin], places[destination])
    if local_file(places[destination]) is None:
        with pytest.raises(StoreUnavailable, match="being copied"):
            open_store(places[destination])
    store = open_store(places[origin])  # whatever is written before it goes on is copied too
    (desk,) = await store.get([Key("acme.desk", b"0\0\xff")])
    await store.commit(Change("acme.desk", put=[Put(b"0\0\xff", b"newer")]))
    written = await told(store)
    await store.close()
    assert await move_store(places[origin], places[destination]) == len(SHARDS)
    after = await answers(places[destination])
    assert after == written
    assert (desk, after.documents[0]) == (before.documents[0], Document(b"newer", 5))


class Cut(redis_endpoints.RedisEndpoint):
    """Servers that are gone in the middle of a shard."""

    async def put_records(self, shard: str, records: Sequence[Record], now: int) -> None:
        await super().put_records(shard, records, now)
        if any(isinstance(record, EntryRecord) for record in records):
            raise StoreUnavailable("gone")


async def test_what_half_a_shard_left_is_not_in_the_whole_one(places: dict[str, str]) -> None:
    await fill(places["sqlite"])
    server = parse_url(places["cluster"])
    with sqlite_endpoints.open_source(sqlite_path(places["sqlite"]), 1) as source:
        async with redis_endpoints.open_target(server, relaxed=False) as target:
            with pytest.raises(StoreUnavailable, match="gone"):
                await copy_store(source, Cut(target._router, target.name, target.about, None), time.time)
    store = open_store(places["sqlite"])
    await store.commit(
        Change("acme.desk", delete=[b"1\0\xff"], remove=[(b"due", b"m1")], trim=[Trim("ledger", 2)])
    )
    before = await told(store)
    await store.close()
    await move_store(places["sqlite"], places["cluster"])
    assert await answers(places["cluster"]) == before


async def test_half_a_move_of_another_store_is_refused(places: dict[str, str]) -> None:
    for origin in ("sqlite", "other"):
        await fill(places[origin])
    kill_at(1, places["sqlite"], places["standalone"])
    with pytest.raises(StoreUnavailable, match="another store"):
        await move_store(places["other"], places["standalone"])


@pytest.mark.parametrize("destination", ["other", "standalone", "cluster"])
async def test_a_place_that_is_not_empty_is_left_as_it_was(places: dict[str, str], destination: str) -> None:
    for name in ("sqlite", destination):
        await fill(places[name])
    before = await answers(places[destination])
    with pytest.raises(StoreUnavailable, match=r"exists already|not empty"):
        await move_store(places["sqlite"], places[destination])
    assert await answers(places[destination]) == before


@pytest.mark.parametrize("origin", ["sqlite", "standalone"])
async def test_nothing_is_moved_from_where_no_store_is(places: dict[str, str], origin: str) -> None:
    with pytest.raises(StoreUnavailable, match="no store"):
        await move_store(places[origin], places["other"])


async def test_a_file_that_a_service_has_open_is_not_moved(places: dict[str, str]) -> None:
    await fill(places["sqlite"])
    store = open_store(places["sqlite"])
    with pytest.raises(StoreLocked, match="stop it first"):
        await move_store(places["sqlite"], places["other"])
    await store.close()


async def test_servers_that_are_written_meanwhile_are_not_moved(places: dict[str, str]) -> None:
    await fill(places["standalone"])
    server = parse_url(places["standalone"])

    def write(done: int, _total: int) -> None:
        if done == len(SHARDS) - 1:
            FLEETS.fleet(Standalone).servers[0].ask("HINCRBY", "{acme.desk}h", "n", 1)

    with pytest.raises(StoreBusy, match="stop the service"):
        await move_store(places["standalone"], places["other"], progress=write)
    await open_store(places["standalone"]).close()  # it was not marked
    async with redis_endpoints.open_source(server) as source:
        assert len(await source.shards()) == len(SHARDS)


class Forgetful(backup_file.BackupTarget):
    """A disk that flips a bit."""

    async def put_records(self, shard: str, records: Sequence[Record], now: int) -> None:
        flipped = [
            msgspec.structs.replace(record, payload=b"1" + record.payload[1:])
            if isinstance(record, EntryRecord) and record.payload
            else record
            for record in records
        ]
        await super().put_records(shard, flipped, now)


async def test_what_is_not_read_back_as_it_was_written_is_told(
    places: dict[str, str], tmp_path: Path
) -> None:
    await fill(places["standalone"])
    with (tmp_path / "part").open("w+b") as file:
        target = Forgetful(file, tmp_path / "copy", tmp_path / "part")
        async with redis_endpoints.open_source(parse_url(places["standalone"])) as source:
            with pytest.raises(StoreCorrupt, match="not what was written"):
                await copy_store(source, target, time.time)
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("kind", ["standalone", "cluster"])
async def test_rule_2_a_restored_backup_knows_what_it_forgot(
    places: dict[str, str], tmp_path: Path, kind: str
) -> None:
    await fill(places[kind])
    saved = tmp_path / "saved"
    await backup_records(places[kind], saved)
    assert saved.stat().st_mode & 0o777 == 0o600
    store = open_store(places[kind])
    newer = await store.commit(Change("acme.07", put=[Put(b"0\0\xff", b"opted out")]))
    await store.close()
    with pytest.raises(StoreUnavailable, match="not empty"):
        await restore_records(saved, places[kind])
    empty(FLEETS.fleet({"standalone": Standalone, "cluster": Cluster}[kind]))
    await restore_records(saved, places[kind])
    store = open_store(places[kind])
    (found,) = await store.get([Key("acme.07", b"0\0\xff")])
    assert found is not None
    assert found.value == b"v0"
    assert (store.is_lost("acme.07", found.version), store.is_lost("acme.07", newer)) == (False, True)
    assert store.is_lost("acme.63", 1), "it may have been there"
    assert await store.commit(Change("acme.07", put=[Put(b"0\0\xff", b"again")])) > newer + 1000
    await store.close()


class Busy(redis_endpoints.RedisEndpoint):
    """A store that is written in the middle of what is read, so many times."""

    left = 0

    async def read_records(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        async for records in super().read_records(shard, now):
            yield records
        if self.left:
            self.left -= 1
            store = open_store(FLEETS.fleet(Standalone).url)
            await store.commit(
                Change(shard, put=[Put(b"0\0\xff", b"%d" % self.left)], append=[Append("mail", b"new")])
            )
            await store.close()


@pytest.mark.parametrize(("writes", "copied"), [(3, True), (99, False)])
async def test_a_backup_while_serving_has_each_shard_as_of_one_moment(
    places: dict[str, str], tmp_path: Path, writes: int, copied: bool
) -> None:
    await fill(places["standalone"])
    saved = tmp_path / "saved"
    async with redis_endpoints.open_source(parse_url(places["standalone"])) as found:
        source = Busy(found._router, found.name, found.about, found._known)
        source.left = writes
        with backup_file.open_target(saved) as target:
            if not copied:
                with pytest.raises(StoreBusy, match="stop the service"):
                    await copy_store(source, target, time.time, still=False)
                return
            await copy_store(source, target, time.time, still=False)
    before = await answers(places["standalone"])
    await restore_records(saved, places["cluster"])
    after = await answers(places["cluster"])
    assert (after.documents, after.members) == (before.documents, before.members)
    assert [page.entries for page in after.entries] == [page.entries for page in before.entries]


async def test_what_was_lost_is_moved_too(places: dict[str, str], tmp_path: Path) -> None:
    await fill(places["standalone"])
    saved = tmp_path / "saved"
    await backup_records(places["standalone"], saved)
    await restore_records(saved, places["cluster"])
    before = await answers(places["cluster"])
    assert any(before.lost)
    await move_store(places["cluster"], places["sqlite"])
    assert await answers(places["sqlite"]) == before
    await move_store(places["sqlite"], places["guarded"])
    assert await answers(places["guarded"]) == before


async def test_a_backup_overwrites_nothing_and_a_failed_one_leaves_nothing(
    places: dict[str, str], tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    with pytest.raises(StoreError):
        await backup_records(places["standalone"], saved)
    saved.write_bytes(b"precious")
    await fill(places["standalone"])
    with pytest.raises(StoreUnavailable, match="exists already"):
        await backup_records(places["standalone"], saved)
    assert [(file.name, file.read_bytes()) for file in tmp_path.glob("saved*")] == [("saved", b"precious")]


async def test_a_flipped_byte_anywhere_or_a_cut_is_found_before_anything_is_restored(
    places: dict[str, str], tmp_path: Path
) -> None:
    await fill(places["standalone"])
    saved, broken = tmp_path / "saved", tmp_path / "broken"
    await backup_records(places["standalone"], saved)
    whole = saved.read_bytes()
    step = len(whole) // 40
    flipped = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), step)]
    for data in (*flipped, whole[:-1], whole[: len(whole) // 2], whole + b"x", b""):
        broken.write_bytes(data)
        with pytest.raises(StoreCorrupt):
            await restore_records(broken, places["cluster"])
    await restore_records(saved, places["cluster"])  # nothing was left there
