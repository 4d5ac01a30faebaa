"""The writer: groups, faults of the file, the bounded queue, and what is swept."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from consent_service.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly, StoreUnavailable
from consent_service.store.contract import Append, Change, Document, Key, Put
from consent_service.store.sqlite import SqliteStore, database_file
from tests.store.every_method import READS
from tests.support.clock import START, Clock

SHARD = "acme.07"
BIG = 64 * 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(path, clock=clock, timeout=0.2, queue_limit=300)
    yield opened
    await opened.close()


def change(number: int, size: int = 1) -> Change:
    name = b"%d" % number
    return Change(SHARD, {name: 0}, [Put(name, b"x" * size)], append=[Append("log", name)])


def statements(store: SqliteStore) -> list[str]:
    """Return the list of statements that the writer and the look-ups send to SQLite from now on."""
    said: list[str] = []
    store._writer._connection.set_trace_callback(said.append)
    store._look_ups._connection.set_trace_callback(said.append)
    return said


@contextmanager
def turn_held(path: Path) -> Iterator[None]:
    """Another process's turn."""
    descriptor = database_file.lock_file(path, ".lock")
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


async def test_changes_that_come_together_are_one_transaction_of_few_statements(store: SqliteStore) -> None:
    said = statements(store)
    assert len(await asyncio.gather(*(store.commit(change(number)) for number in range(128)))) == 128
    assert said.count("COMMIT") <= 2, "the first may have gone alone"
    assert len(said) < 128


async def test_look_ups_that_come_together_are_one_query(store: SqliteStore) -> None:
    said = statements(store)
    await asyncio.gather(*(store.get([Key(SHARD, b"%d" % number)]) for number in range(64)))
    assert len(said) < 16


async def test_beyond_the_queues_bound_a_change_is_refused_and_the_rest_is_done(
    store: SqliteStore, path: Path
) -> None:
    with turn_held(path):
        commits = [asyncio.ensure_future(store.commit(change(number))) for number in range(1000)]
        await asyncio.sleep(0)
        refused = [commit for commit in commits if commit.done()]
        assert len(refused) >= 1000 - 300 - 256
    outcomes = await asyncio.gather(*commits, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {int, StoreBusy}
    found = await store.get([Key(SHARD, b"%d" % number) for number in range(1000)])
    assert [document is not None for document in found] == [isinstance(one, int) for one in outcomes]


async def test_a_change_whose_caller_gave_up_before_its_turn_is_not_made(
    store: SqliteStore, path: Path
) -> None:
    with turn_held(path):
        first = asyncio.ensure_future(store.commit(change(1)))
        await asyncio.sleep(0)
        while store.waiting:
            await asyncio.sleep(0)
        given_up = asyncio.ensure_future(store.commit(change(2)))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
    assert await first == 1
    assert await store.commit(change(3)) == 2
    assert await store.get([Key(SHARD, b"2")]) == [None]


async def test_a_full_disk_fails_the_group_and_the_writer_lives_on(store: SqliteStore) -> None:
    await store.commit(change(0))
    execute = store._writer._connection.execute
    (pages,) = execute("PRAGMA page_count").fetchone()
    execute(f"PRAGMA max_page_count = {pages}")
    commits = (store.commit(change(number, BIG)) for number in range(1, 5))
    for outcome in await asyncio.gather(*commits, return_exceptions=True):
        assert type(outcome) is StoreFull
    for call in READS.values():
        await call(store)
    execute("PRAGMA max_page_count = 1000000")
    assert await store.commit(change(1, BIG)) == 2
    assert [entry.payload for entry in (await store.read("log", [SHARD], "", 9)).entries] == [b"0", b"1"]


async def test_an_error_while_writing_the_log_acknowledges_nothing_and_the_writer_lives_on(
    store: SqliteStore, path: Path
) -> None:
    """The kernel refuses to let the log grow, so COMMIT itself fails."""
    await store.commit(change(0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("store.db-wal").stat().st_size, hard))
    try:
        commits = (store.commit(change(number)) for number in range(1, 5))
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes), outcomes
    assert await store.get([Key(SHARD, b"1")]) == [None]
    assert await store.commit(change(1)) == 2


async def test_a_store_that_may_not_be_written_any_more_says_so(store: SqliteStore) -> None:
    store._writer._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreReadOnly):
        await store.commit(change(1))
    store._writer._connection.execute("PRAGMA query_only = OFF")
    assert await store.commit(change(1)) == 1


async def test_an_error_keeps_the_drivers_own_as_its_cause(store: SqliteStore) -> None:
    with pytest.raises(StoreError) as caught:
        await store.commit(Change(SHARD, put=[Put(b"a", "text")]))  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)


async def test_expired_documents_are_swept_a_few_with_each_commit(
    store: SqliteStore, path: Path, clock: Clock
) -> None:
    mortal = [Put(b"r%d" % number, b"", START + number) for number in range(1, 21)]
    await store.commit(Change(SHARD, put=[*mortal, Put(b"r-later", b"", START + 999), Put(b"v", b"1")]))
    assert count(path) == 22
    clock.now = START + 20
    await store.commit(Change(SHARD, put=[Put(b"x", b"")]))
    assert count(path) == 22 + 1 - 2
    for _ in range(20):
        await store.commit(Change("other"))
    assert count(path) == 3
    keys = [Key(SHARD, name) for name in (b"r20", b"r-later", b"v")]
    assert await store.get(keys) == [None, Document(b"", 1, START + 999), Document(b"1", 1)]


async def test_the_memory_of_changes_stays_bounded(store: SqliteStore, path: Path) -> None:
    for _ in range(530):
        await store.commit(Change(SHARD, put=[Put(b"a", b"")]))
    assert count(path, "change") == 512


def count(path: Path, table: str = "document") -> int:
    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(rows)
