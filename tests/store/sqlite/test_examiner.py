"""ShardCheck a SQLite file: nothing is written, no lock is taken, and who has it open is known all the same."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from consent_service.store.contract import Change, Key, Put
from consent_service.store.sqlite import SqliteStore
from consent_service.store.sqlite.examiner import SqliteExaminer, count_holders


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file's bytes and when it was last written."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}


async def test_a_stopped_store_is_looked_at_without_leaving_a_trace(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db")
    await store.commit(Change("acme.07", put=[Put(b"a", b"1")]))
    await store.close()
    before = contents(tmp_path)
    facts = await SqliteExaminer(tmp_path / "store.db", time.time).read_facts()
    assert contents(tmp_path) == before
    assert (facts.holders, facts.journal, facts.private) == (0, None, True)
    assert facts.size > 0


async def test_a_store_in_use_says_so_and_in_which_mode(tmp_path: Path) -> None:
    stores = [SqliteStore.open(tmp_path / "store.db") for _ in range(2)]
    facts = await SqliteExaminer(tmp_path / "store.db", time.time).read_facts()
    assert (facts.holders, facts.journal) == (2, "wal")
    assert await stores[0].commit(Change("acme.07", put=[Put(b"a", b"1")])) == 1
    for store in stores:
        await store.close()


async def test_nothing_is_made_where_no_store_is(tmp_path: Path) -> None:
    facts = await SqliteExaminer(tmp_path / "store.db", time.time).read_facts()
    assert (list(tmp_path.iterdir()), facts.laid, facts.troubles) == ([], None, ())
    assert facts.free > 0


@pytest.mark.parametrize(
    ("contents", "said"),
    [(b"no database, but long enough to be taken for one" * 100, "damaged"), (None, "not a file")],
)
async def test_what_is_no_store_is_a_trouble(tmp_path: Path, contents: bytes | None, said: str) -> None:
    path = tmp_path / "store.db"
    path.mkdir() if contents is None else path.write_bytes(contents)
    (trouble,) = (await SqliteExaminer(path, time.time).read_facts()).troubles
    assert said in trouble


async def test_a_file_that_others_can_read_is_known(tmp_path: Path) -> None:
    await SqliteStore.open(tmp_path / "store.db").close()
    (tmp_path / "store.db").chmod(0o644)
    assert not (await SqliteExaminer(tmp_path / "store.db", time.time).read_facts()).private


def test_without_a_list_of_locks_nobody_knows_who_holds_one(tmp_path: Path) -> None:
    assert count_holders(tmp_path / "lock", tmp_path / "no list") is None


async def test_what_a_killed_service_left_behind_is_read_and_not_tidied_up(tmp_path: Path) -> None:
    """Its log holds what was acknowledged last. The index that SQLite makes of it is no part of the data."""
    store = SqliteStore.open(tmp_path / "store.db")
    await store.commit(Change("acme.07", put=[Put(b"a", b"1")]))
    left = tmp_path / "left"
    left.mkdir()
    for name in ("store.db", "store.db-wal"):
        shutil.copy2(tmp_path / name, left)
    await store.close()
    before = contents(left)
    looked = SqliteExaminer(left / "store.db", time.time)
    facts = await looked.read_facts()
    (document,) = await looked.get([Key("acme.07", b"a")])
    assert (facts.troubles, facts.log_size > 0) == ((), True)
    assert document is not None
    assert document.value == b"1"
    assert {name: contents(left)[name] for name in before} == before
