"""Opening: every reason not to is a clear error of its own, and a store that opens is as it was left."""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from consent_service.errors import (
    StoreCorrupt,
    StoreError,
    StoreLocked,
    StoreMismatch,
    StoreNewer,
    StoreOnNetworkMount,
    StoreReadOnly,
    StoreUnavailable,
)
from consent_service.store.contract import Change, Document, Key, Put
from consent_service.store.sqlite import SqliteStore, database_file, file_schema
from tests.store.every_method import CALLS, READS, Call
from tests.support.waiting import DEADLINE

NOBODY = 65534
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def make(path: Path, **options: Any) -> None:
    """A store with one document, closed again."""
    store = SqliteStore.open(path, **options)
    await store.commit(Change("acme.07", put=[Put(b"a", b"1")]))
    await store.close()


def sql(path: Path, *statements: str) -> None:
    """Write into the file as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def patched(path: Path, at: int, byte: int) -> None:
    """Change one byte of the file's header, as a newer SQLite may."""
    data = bytearray(path.read_bytes())
    data[at] = byte
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("at", "said"),
    [(47, "unsupported file format"), (18, "file is not a database")],
    ids=["schema format 9", "file format 9"],
)
def test_a_file_of_another_format_is_refused_in_the_driver_s_own_words(
    path: Path, at: int, said: str
) -> None:
    sql(path, "CREATE TABLE theirs (a)")
    patched(path, at, 9)
    if at == 18:
        patched(path, 19, 9)
    _, words = refusal(path)
    assert said in words
    assert "see the cause" not in words


def refusal(path: Path, **options: Any) -> tuple[type[StoreError], str]:
    """The error's type and words; opening must fail and leave nothing open."""
    with pytest.raises(StoreError) as caught:
        SqliteStore.open(path, timeout=0.1, **options)
    return caught.type, str(caught.value)


async def test_a_new_store_is_its_owners_alone(path: Path) -> None:
    await make(path)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


async def test_a_store_keeps_its_id_and_header(path: Path) -> None:
    first = SqliteStore.open(path, clock=lambda: 1_795_341_600.5)
    await first.close()
    second = SqliteStore.open(path)
    await second.close()
    assert first.header == second.header
    assert (first.header.shards, first.header.created_at, len(first.header.id)) == (64, 1_795_341_600, 32)


async def test_a_commit_syncs_the_log_before_it_returns(path: Path) -> None:
    store = SqliteStore.open(path)
    (level,) = store._writer._connection.execute("PRAGMA synchronous").fetchone()
    (journal,) = store._writer._connection.execute("PRAGMA journal_mode").fetchone()
    await store.close()
    assert (level, journal) == (2, "wal")


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    kind, said = refusal(tmp_path / "gone" / "store.db")
    assert kind is StoreUnavailable
    assert f"{tmp_path / 'gone'} does not exist" in said


async def test_a_network_mount_is_refused_by_name(tmp_path: Path, path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 0:40 / {tmp_path} rw - nfs4 host:/x rw\n")
    with pytest.raises(StoreOnNetworkMount, match=r"lies on nfs4.*a disk of this machine"):
        database_file.check_place(path, table)
    database_file.check_place(tmp_path.parent / "store.db", table)


async def test_without_the_kernels_mount_table_no_mount_is_refused(tmp_path: Path, path: Path) -> None:
    database_file.check_place(path, tmp_path / "none")


async def test_a_folder_in_the_place_of_the_store_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (StoreUnavailable, f"{tmp_path} is not a file: name one inside a folder")


@pytest.mark.parametrize("content", [b"hello, this is no database", os.urandom(8192), b"\0" * 4096])
async def test_a_file_of_something_else_is_corrupt_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    kind, said = refusal(path)
    assert kind is StoreCorrupt
    assert str(path) in said
    assert path.read_bytes() == content


async def test_another_programs_database_is_not_ours_and_left_as_it_is(path: Path) -> None:
    sql(path, "CREATE TABLE document (x)")
    before = path.read_bytes()
    kind, said = refusal(path)
    assert (kind, "another program's" in said) == (StoreCorrupt, True)
    assert path.read_bytes() == before


async def test_a_newer_schema_is_refused_with_what_to_install(path: Path) -> None:
    await make(path)
    sql(path, f"PRAGMA user_version = {file_schema.VERSION + 1}")
    kind, said = refusal(path)
    assert (kind, "install the newer one" in said) == (StoreNewer, True)


async def test_a_header_with_a_hole_is_corrupt(path: Path) -> None:
    await make(path)
    sql(path, "DELETE FROM header WHERE name = 'shards'")
    assert refusal(path)[0] is StoreCorrupt


async def test_another_number_of_shards_says_move(path: Path) -> None:
    await make(path, shards=16)
    kind, said = refusal(path, shards=64)
    assert (kind, "fixed when the store was made" in said) == (StoreMismatch, True)
    for number in (16, None):
        store = SqliteStore.open(path, shards=number)
        assert store.shards == 16
        await store.close()


async def test_another_programs_lock_is_a_clear_error_at_opening(path: Path) -> None:
    await make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert refusal(path)[0] is StoreLocked


async def test_a_process_that_never_ends_its_turn_is_a_clear_error_at_opening(path: Path) -> None:
    await make(path)
    descriptor = database_file.lock_file(path, ".lock")
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert refusal(path)[0] is StoreLocked
    os.close(descriptor)
    await make(path)


async def test_a_store_that_is_being_restored_is_locked(path: Path) -> None:
    held = database_file.hold_open(path, alone=True)
    kind, said = refusal(path)
    assert (kind, "restored" in said) == (StoreLocked, True)
    os.close(held)


async def test_a_refusal_leaves_nothing_locked(path: Path) -> None:
    await make(path, shards=16)
    for _ in range(3):
        refusal(path, shards=64)
    os.close(database_file.hold_open(path, alone=True))


def _try_to_open(path: Path, answers: Any) -> None:
    """A process without root's rights, in which modes count."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        SqliteStore.open(path, timeout=0.1)
    except StoreError as error:
        answers.put((type(error).__name__, str(error)))
    else:
        answers.put(("", ""))


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o555, 0o666), (0o777, 0o444), (0o555, None)])
async def test_a_file_or_folder_that_cannot_be_written_says_so(
    folder_mode: int, file_mode: int | None
) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        if file_mode is not None:
            await make(folder / "store.db")
            for file in folder.iterdir():
                file.chmod(file_mode)
        folder.chmod(folder_mode)
        try:
            kind, said = in_process(_try_to_open, folder / "store.db")
        finally:
            folder.chmod(0o755)
    assert kind == StoreReadOnly.__name__
    assert "can't be written" in said


def in_process(work: Callable[[Path, Any], None], path: Path) -> tuple[str, str]:
    answers = SPAWN.Queue()
    process = SPAWN.Process(target=work, args=(path, answers))
    process.start()
    answer: tuple[str, str] = answers.get(timeout=DEADLINE)
    process.join()
    return answer


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_every_method_of_a_damaged_file_says_so(path: Path, call: Call) -> None:
    await make(path)
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:  # everything but the schema and the header's table
        file.seek(3 * 4096)
        file.write(os.urandom((pages - 3) * 4096))
    store = SqliteStore.open(path)
    for _ in range(2):
        with pytest.raises(StoreCorrupt, match="restore"):
            await call(store)
    await store.close()


async def test_a_replaced_file_is_noticed_before_anything_is_acknowledged(path: Path, tmp_path: Path) -> None:
    store = SqliteStore.open(path)
    await make(tmp_path / "other.db")
    (tmp_path / "other.db").rename(path)
    for call in CALLS.values():
        with pytest.raises(StoreUnavailable, match="replaced"):
            await call(store)
    await store.close()


async def test_reads_go_on_while_another_program_holds_the_write_lock(path: Path) -> None:
    await make(path)
    store = SqliteStore.open(path, timeout=0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for call in READS.values():
            await call(store)
        with pytest.raises(StoreLocked):
            await store.commit(Change("acme.07"))
    assert await store.commit(Change("acme.07")) == 2
    assert await store.get([Key("acme.07", b"a")]) == [Document(b"1", 1)]
    await store.close()


async def test_many_processes_that_open_a_new_store_at_once_make_one(path: Path) -> None:
    stores = await asyncio.gather(*(asyncio.to_thread(SqliteStore.open, path) for _ in range(8)))
    assert len({store.header.id for store in stores}) == 1
    await asyncio.gather(*(store.close() for store in stores))


async def test_a_link_and_its_file_are_one_store_with_one_lock(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    store = SqliteStore.open(link)
    with pytest.raises(StoreLocked):
        database_file.hold_open(path, alone=True)
    await store.close()
    assert not list(tmp_path.glob("link.db?*"))


async def test_an_interrupted_creation_is_done_again(path: Path) -> None:
    """All or nothing: what a crash leaves is an empty file."""
    path.touch()
    await make(path)
    sql(path, "PRAGMA integrity_check")
