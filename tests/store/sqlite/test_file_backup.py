"""Backup while serving, restore while not: consistent, durable, and nothing is ever overwritten."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from consent_service.errors import CursorExpired, StoreCorrupt, StoreLocked, StoreNewer, StoreUnavailable
from consent_service.store.contract import Append, Change, Document, Key, Put
from consent_service.store.sqlite import SqliteStore, backup, file_schema, restore
from tests.store.sqlite.test_opening import make, sql

SHARD, A = "acme.07", Key("acme.07", b"a")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "saved.db"


async def value(path: Path) -> bytes | None:
    """Return the contents of the store at `path`."""
    store = SqliteStore.open(path)
    (found,) = await store.get([A])
    await store.close()
    return found.value if found else None


def put(content: bytes) -> Change:
    return Change(SHARD, put=[Put(b"a", content)])


async def test_a_backup_with_nowhere_to_go_names_the_folder_and_not_the_store(path: Path) -> None:
    await SqliteStore.open(path).close()
    with pytest.raises(StoreUnavailable, match=r"^there is no folder /nowhere$"):
        backup(path, Path("/nowhere/b.db"))


async def test_a_backup_while_serving_is_the_store_as_of_one_moment(path: Path, saved: Path) -> None:
    """Two documents that always change together are together in every copy, and each copy opens."""
    store = SqliteStore.open(path)
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            pair = [Put(name, b"%d" % number) for name in (b"a", b"b")]
            await store.commit(Change(SHARD, put=pair, append=[Append("log", b"%d" % number)]))

    writing = asyncio.ensure_future(write())
    copies = [saved.with_name(f"saved{number}.db") for number in range(4)]
    for copy in copies:
        await asyncio.to_thread(backup, path, copy)
    stop.set()
    await writing
    await store.close()
    for copy in copies:
        opened = SqliteStore.open(copy)
        one, two = await opened.get([A, Key(SHARD, b"b")])
        entries = (await opened.read("log", [SHARD], "", 100_000)).entries
        await opened.close()
        assert one == two
        assert [entry.payload for entry in entries] == [b"%d" % n for n in range(1, len(entries) + 1)]
        assert one is None or one.value == entries[-1].payload


async def test_a_backup_is_one_file_for_its_owner_alone(path: Path, saved: Path) -> None:
    await make(path)
    backup(path, saved)
    assert [file.name for file in path.parent.glob("saved*")] == ["saved.db"]
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


async def test_a_backup_overwrites_nothing(path: Path, saved: Path) -> None:
    await make(path)
    saved.write_bytes(b"precious")
    with pytest.raises(StoreUnavailable, match="exists"):
        backup(path, saved)
    assert saved.read_bytes() == b"precious"


async def test_a_backup_of_nothing_or_of_something_else_leaves_no_file(path: Path, saved: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no file"):
        backup(path, saved)
    path.write_bytes(b"")
    with pytest.raises(StoreCorrupt, match="empty"):
        backup(path, saved)
    path.write_bytes(b"something else")
    with pytest.raises(StoreCorrupt):
        backup(path, saved)
    with pytest.raises(StoreUnavailable):
        backup(path, saved.parent / "gone" / "saved.db")
    assert [file.name for file in path.parent.glob("saved*")] == []


async def test_a_restored_store_is_as_it_was_saved_and_the_old_one_is_kept(path: Path, saved: Path) -> None:
    store = SqliteStore.open(path)
    await store.commit(put(b"old"))
    backup(path, saved)
    await store.commit(put(b"new"))
    await store.close()
    kept = restore(saved, path)
    assert await value(path) == b"old"
    assert kept is not None
    assert await value(kept) == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_reader_ahead_of_a_restored_log_is_told_to_start_again(path: Path, saved: Path) -> None:
    store = SqliteStore.open(path)
    appended = Change(SHARD, append=[Append("log", b"x")])
    await store.commit(appended)
    backup(path, saved)
    known = (await store.read("log", [SHARD], "", 9)).cursor
    await store.commit(appended)
    ahead = (await store.read("log", [SHARD], known, 9)).cursor
    mark, _ = await store.changed_since(None)
    await store.commit(put(b"1"))
    later, _ = await store.changed_since(mark)
    await store.close()
    restore(saved, path)
    store = SqliteStore.open(path)
    assert (await store.read("log", [SHARD], known, 9)).entries == []
    with pytest.raises(CursorExpired):
        await store.read("log", [SHARD], ahead, 9)
    assert (await store.changed_since(later)).keys is None
    await store.close()


async def test_what_a_crash_left_in_the_log_is_kept_with_the_old_file(path: Path, saved: Path) -> None:
    """The store is copied with its log while open: that is what kill -9 leaves."""
    await make(saved)
    store = SqliteStore.open(path.with_name("running.db"))
    await store.commit(put(b"in the log only"))
    for suffix in ("", "-wal"):
        path.with_name(path.name + suffix).write_bytes(path.with_name("running.db" + suffix).read_bytes())
    await store.close()
    kept = restore(saved, path, unverified=True)
    assert await value(path) == b"1"
    assert kept is not None
    assert await value(kept) == b"in the log only"


async def test_what_an_interrupted_copy_left_is_in_nobodys_way(path: Path, saved: Path) -> None:
    await make(path)
    for part in ("saved.db.part", "store.db.part"):
        path.with_name(part).write_bytes(b"half a copy")
    backup(path, saved)
    restore(saved, path)
    assert await value(path) == b"1"
    assert not list(path.parent.glob("*.part"))


async def test_a_store_that_was_copied_with_its_log_is_restored_with_it(path: Path, saved: Path) -> None:
    store = SqliteStore.open(path)
    await store.commit(put(b"in the log only"))
    for suffix in ("", "-wal"):
        saved.with_name(saved.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    await store.close()
    restore(saved, path, unverified=True)
    assert await value(path) == b"in the log only"


async def test_restoring_where_nothing_was_keeps_nothing(path: Path, saved: Path) -> None:
    await make(saved)
    assert restore(saved, path, unverified=True) is None
    assert await value(path) == b"1"


async def test_a_damaged_store_is_replaced_and_kept_as_it_is(path: Path, saved: Path) -> None:
    await make(saved)
    path.write_bytes(b"damaged")
    kept = restore(saved, path, unverified=True)
    assert kept is not None
    assert kept.read_bytes() == b"damaged"
    assert await value(path) == b"1"


async def test_nobody_restores_over_a_running_service(path: Path, saved: Path) -> None:
    await make(saved)
    store = SqliteStore.open(path)
    await store.commit(put(b"running"))
    with pytest.raises(StoreLocked, match="stop it first"):
        restore(saved, path, unverified=True)
    assert await store.get([A]) == [Document(b"running", 1)]
    await store.close()
    restore(saved, path, unverified=True)


async def test_a_backup_that_cannot_be_used_changes_nothing(path: Path, saved: Path) -> None:
    await make(path)
    with pytest.raises(StoreUnavailable, match="no file"):
        restore(saved, path)
    saved.write_bytes(b"")
    with pytest.raises(StoreCorrupt, match="empty"):
        restore(saved, path)
    saved.write_bytes(b"something else")
    with pytest.raises(StoreCorrupt):
        restore(saved, path)
    saved.unlink()
    sql(saved, "CREATE TABLE mine (x)")
    with pytest.raises(StoreCorrupt, match="another program"):
        restore(saved, path)
    saved.unlink()
    await make(saved)
    sql(saved, f"PRAGMA user_version = {file_schema.VERSION + 1}")
    with pytest.raises(StoreNewer):
        restore(saved, path)
    assert await value(path) == b"1"
    assert not list(path.parent.glob("store.db.*before*"))


async def test_a_backup_with_a_damaged_page_is_refused(path: Path, saved: Path) -> None:
    await make(path)
    store = SqliteStore.open(path)
    await store.commit(Change(SHARD, put=[Put(b"%d" % n, os.urandom(200)) for n in range(500)]))
    await store.close()
    backup(path, saved)
    with saved.open("r+b") as file:
        file.seek(saved.stat().st_size - 3 * 4096)
        file.write(os.urandom(4096))
    with pytest.raises(StoreCorrupt):
        restore(saved, path)


async def test_two_restorations_keep_two_old_files(path: Path, saved: Path) -> None:
    await make(path)
    await make(saved)
    assert len({restore(saved, path, unverified=True), restore(saved, path, unverified=True)}) == 2


async def test_what_was_committed_since_the_backup_is_known_to_be_lost_and_never_taken_again(
    path: Path, saved: Path
) -> None:
    store = SqliteStore.open(path)
    kept = await store.commit(put(b"kept"))
    backup(path, saved)
    gone = {(SHARD, await store.commit(put(b"gone"))) for _ in range(3)}
    gone.add(("acme.08", await store.commit(Change("acme.08", put=[Put(b"a", b"gone")]))))
    assert not any(store.is_lost(*place) for place in gone)
    await store.close()
    restore(saved, path)
    store = SqliteStore.open(path)
    taken = {(SHARD, await store.commit(put(b"new"))) for _ in range(3)}
    taken.add(("acme.08", await store.commit(Change("acme.08", put=[Put(b"a", b"new")]))))
    assert not store.is_lost(SHARD, kept)
    assert all(store.is_lost(*place) for place in gone)
    assert not any(store.is_lost(*place) for place in taken | {(shard, 0) for shard, _ in taken})
    await store.close()


async def test_one_backup_restored_twice_loses_what_came_in_between(path: Path, saved: Path) -> None:
    """Also within one second, or with a clock that was set back."""
    store = SqliteStore.open(path)
    kept = await store.commit(put(b"kept"))
    backup(path, saved)
    await store.close()
    gone: set[tuple[str, int]] = set()
    for now in (1_795_341_600, 1_795_341_600, 1_795_000_000):
        restore(saved, path, now=now)
        store = SqliteStore.open(path)
        assert all(store.is_lost(*place) for place in gone)
        mine = {
            (shard, await store.commit(Change(shard, put=[Put(b"a", b"x")]))) for shard in (SHARD, "new.01")
        }
        assert not mine & gone
        assert not any(store.is_lost(*place) for place in {(SHARD, kept), *mine})
        gone |= mine
        await store.close()


async def test_a_backup_of_a_restored_store_remembers_what_was_lost(path: Path, saved: Path) -> None:
    store = SqliteStore.open(path)
    kept = await store.commit(put(b"kept"))
    backup(path, saved)
    gone = await store.commit(put(b"gone"))
    await store.close()
    restore(saved, path)
    store = SqliteStore.open(path)
    second = await store.commit(put(b"second"))
    later = saved.with_name("later.db")
    backup(path, later)
    third = await store.commit(put(b"third"))
    await store.close()
    restore(later, path)
    store = SqliteStore.open(path)
    assert [store.is_lost(SHARD, value) for value in (kept, gone, second, third)] == [
        False,
        True,
        False,
        True,
    ]
    await store.close()


async def test_a_reader_that_had_seen_all_of_the_backup_goes_on_and_misses_nothing(
    path: Path, saved: Path
) -> None:
    shards = [SHARD, "acme.08"]
    store = SqliteStore.open(path)
    await store.commit(Change(SHARD, append=[Append("log", b"kept")]))
    backup(path, saved)
    caught_up = (await store.read("log", shards, "", 9)).cursor
    await store.commit(Change("acme.08", append=[Append("log", b"gone")]))
    ahead = (await store.read("log", shards, caught_up, 9)).cursor
    await store.close()
    restore(saved, path)
    store = SqliteStore.open(path)
    for shard in shards:
        await store.commit(Change(shard, append=[Append("log", b"new")]))
    page = await store.read("log", shards, caught_up, 9)
    assert [entry.payload for entry in page.entries] == [b"new", b"new"]
    assert (await store.read("log", shards, page.cursor, 9)).entries == []
    with pytest.raises(CursorExpired):
        await store.read("log", shards, ahead, 9)
    await store.close()


def older(path: Path) -> None:
    """A store of the first schema, with one document."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in (
            *file_schema.MIGRATIONS[0],
            f"PRAGMA application_id = {file_schema.APPLICATION_ID}",
            "PRAGMA user_version = 1",
            "INSERT INTO header VALUES ('id', 'x'), ('shards', '64'), ('created_at', '1')",
            "INSERT INTO shard VALUES ('acme.07', 1)",
            "INSERT INTO document VALUES ('acme.07', x'61', 1, NULL, x'31')",
        ):
            connection.execute(statement)


async def test_a_backup_from_an_older_schema_is_brought_forward(path: Path, saved: Path) -> None:
    older(saved)
    restore(saved, path, unverified=True)
    assert await value(path) == b"1"


async def test_a_backup_of_a_store_of_an_older_schema_is_whole(path: Path, saved: Path) -> None:
    older(path)
    backup(path, saved)
    restore(saved, path)
    assert await value(path) == b"1"
