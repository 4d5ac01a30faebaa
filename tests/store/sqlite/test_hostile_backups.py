"""Backups that are damaged, edited or made to hurt: refused and nothing touched, or restored as they were."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import pytest

from consent_service.errors import StoreCorrupt, StoreError, StoreFull, StoreUnavailable
from consent_service.store.contract import Append, Change, Member, Put, Trim
from consent_service.store.lost_values import highest_possible
from consent_service.store.sqlite import SqliteStore, backup, file_schema, restore
from tests.store.sqlite.test_opening import sql
from tests.support.clock import START

NOW = START + 60
SHARDS = ("acme.desk", "acme.00", "acme.07")
Edit = Callable[[Path], object]


async def make(path: Path) -> None:
    """A store with something of everything, as one that was served for a while leaves it."""
    store = SqliteStore.open(path, clock=lambda: START)
    for shard in SHARDS:
        for number in range(3):
            await store.commit(
                Change(
                    shard,
                    put=[Put(b"d%d" % number, b"v%d" % number), Put(b"mortal", b"m", START + 3600)],
                    add=[Member(b"due", b"m%d" % number, -number)],
                    append=[Append("ledger", b"entry %d" % number)],
                )
            )
        await store.commit(Change(shard, trim=[Trim("ledger", 1)]))
    await store.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """The files of a store and of a good backup of it."""
    folder = tmp_path_factory.mktemp("made")
    asyncio.run(make(folder / "store.db"))
    backup(folder / "store.db", folder / "saved.db")
    return (folder / "store.db").read_bytes(), (folder / "saved.db").read_bytes()


@pytest.fixture
def path(tmp_path: Path, made: tuple[bytes, bytes]) -> Path:
    """A store that stands where backups go."""
    found = tmp_path / "store.db"
    found.write_bytes(made[0])
    return found


@pytest.fixture
def saved(tmp_path: Path, made: tuple[bytes, bytes]) -> Path:
    """A good backup of it."""
    found = tmp_path / "saved.db"
    found.write_bytes(made[1])
    return found


def rows(path: Path) -> dict[str, list[Any]]:
    """Every row of every table."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in tables}


def refusal(saved: Path, path: Path, **options: bool) -> str:
    """Return the message about a backup that is refused; check that nothing has changed."""
    before = {file.name: file.read_bytes() for file in path.parent.glob("store.db*") if file.stat().st_size}
    with pytest.raises(StoreError) as caught:
        restore(saved, path, now=NOW, **options)
    after = {file.name: file.read_bytes() for file in path.parent.glob("store.db*") if file.stat().st_size}
    assert after == before
    return str(caught.value)


def test_a_backup_restored_is_the_store_that_was_saved_row_by_row(path: Path, saved: Path) -> None:
    before = rows(path)
    restore(saved, path, now=NOW)
    after = rows(path)
    for table in ("document", "member", "entry", "trimmed"):
        assert after[table] == before[table]
    kept = {name: sequence for name, sequence, _ in before["shard"]}
    assert {shard: since for shard, since, _ in after["lost"]} == kept
    assert dict(before["header"]).items() <= dict(after["header"]).items()


TRIGGER = """CREATE TRIGGER forget AFTER INSERT ON document
    BEGIN DELETE FROM document WHERE name = new.name; END"""
STATEMENT = "UPDATE sqlite_schema SET sql = replace(sql, '{0}', '{1}') WHERE name = '{2}'"


def rewritten(old: str, new: str, name: str) -> Edit:
    """Change what the schema says without changing a row."""
    return lambda file: sql(file, "PRAGMA writable_schema = ON", STATEMENT.format(old, new, name))


EDITS: dict[str, Edit] = {
    "a trigger": lambda file: sql(file, TRIGGER),
    "a view": lambda file: sql(file, "CREATE VIEW v AS SELECT * FROM document"),
    "a further table": lambda file: sql(file, "CREATE TABLE more (x)"),
    "a further index": lambda file: sql(file, "CREATE INDEX more ON document (version)"),
    "a unique index": lambda file: sql(file, "CREATE UNIQUE INDEX one ON entry (log, shard, sequence, idx)"),
    "a missing table": lambda file: sql(file, "DROP TABLE trimmed"),
    "a missing index": lambda file: sql(file, "DROP INDEX member_score"),
    "a table in a view's clothes": lambda file: sql(
        file, "ALTER TABLE trimmed RENAME TO t", "CREATE VIEW trimmed AS SELECT * FROM t"
    ),
    "a generated column": lambda file: sql(
        file, "ALTER TABLE document ADD COLUMN g INTEGER AS (version) VIRTUAL"
    ),
    "a further column": lambda file: sql(file, "ALTER TABLE document ADD COLUMN more INTEGER"),
    "a check": rewritten("value BLOB NOT NULL", "value BLOB NOT NULL CHECK (length(value) < 9)", "document"),
    "a default": rewritten("expires_at INTEGER", "expires_at INTEGER DEFAULT 1", "document"),
    "a collation": rewritten("shard TEXT NOT NULL", "shard TEXT NOT NULL COLLATE NOCASE", "entry"),
    "planner's numbers": lambda file: sql(file, "ANALYZE"),
    "another program's mark": lambda file: sql(file, "PRAGMA application_id = 7"),
    "no schema version": lambda file: sql(file, "PRAGMA user_version = 0"),
    "a negative schema version": lambda file: sql(file, "PRAGMA user_version = -1"),
    "an older schema version": lambda file: sql(file, "PRAGMA user_version = 1"),
    "a newer schema version": lambda file: sql(file, f"PRAGMA user_version = {file_schema.VERSION + 1}"),
}


@pytest.mark.parametrize("unverified", [False, True])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_rule_5_a_schema_that_this_service_did_not_make_is_refused(
    path: Path, saved: Path, edit: Edit, unverified: bool
) -> None:
    edit(saved)
    assert str(saved) in refusal(saved, path, unverified=unverified)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_rule_5_nobody_serves_over_such_a_schema(path: Path, edit: Edit) -> None:
    edit(path)
    with pytest.raises(StoreUnavailable, match=r"store\.db"):
        SqliteStore.open(path)


VALUES: dict[str, tuple[str, str]] = {
    "a negative shard count": ("UPDATE header SET value = '-4' WHERE name = 'shards'", "-4 shards"),
    "no shard": ("UPDATE header SET value = '0' WHERE name = 'shards'", "0 shards"),
    "absurdly many shards": ("UPDATE header SET value = '99999999' WHERE name = 'shards'", "shards"),
    "a number of 5000 digits": (
        f"UPDATE header SET value = '{'9' * 5000}' WHERE name = 'shards'",
        "header",
    ),
    "a number that is written otherwise": ("UPDATE header SET value = ' 64' WHERE name = 'shards'", "header"),
    "a header row of nobody's": ("INSERT INTO header VALUES ('more', '1')", "'more'"),
    "half a copy's mark": ("INSERT INTO header VALUES ('moving', 'x')", "half a copy"),
    "a floor beyond all": (f"INSERT INTO header VALUES ('floor', '{2**63 - 1}')", "out of range"),
    "a floor that is no number": ("INSERT INTO header VALUES ('floor', 'x')", "header"),
    "no id": ("UPDATE header SET value = '' WHERE name = 'id'", "id"),
    "a missing header": ("DELETE FROM header WHERE name = 'created_at'", "header"),
    "a floor of a far future": (
        f"INSERT INTO header VALUES ('floor', '{highest_possible(NOW) + 1}')",
        "clock",
    ),
    "a counter of a far future": (f"UPDATE shard SET sequence = {highest_possible(NOW) + 1}", "clock"),
    "a counter of 2^63-1": (f"UPDATE shard SET sequence = {2**63 - 1}", "counter"),
    "a negative counter": ("UPDATE shard SET sequence = -1", "counter"),
    "a counter behind its versions": ("UPDATE shard SET sequence = 1", "version"),
    "a shard born after itself": ("UPDATE shard SET born = 99", "counter"),
    "a gap of the future": ("INSERT INTO lost VALUES ('acme.07', 5, 99)", "counter"),
    "a gap up to its counter": (
        "INSERT INTO lost VALUES ('acme.07', 2, (SELECT sequence FROM shard WHERE name = 'acme.07'))",
        "counter",
    ),
    "a negative version": ("UPDATE document SET version = -1", "version"),
    "an expiry beyond all": (f"UPDATE document SET expires_at = {2**63 - 1}", "expiry"),
    "a score beyond all": (f"UPDATE member SET score = {2**63 - 1}", "score"),
    "an entry ahead of its counter": ("UPDATE entry SET sequence = sequence + 99", "position"),
    "an entry that was trimmed away": (
        "INSERT INTO entry VALUES ('ledger', 'acme.07', 1, 0, x'00')",
        "trimmed away",
    ),
    "a row without a shard": ("INSERT INTO document VALUES ('acme.08', x'61', 1, NULL, x'31')", "no shard"),
    "a shard of no site": ("UPDATE shard SET name = 'x' WHERE name = 'acme.07'", "no shard"),
    "a shard beyond the number": ("INSERT INTO shard VALUES ('acme.64', 1, 0)", "'acme.64'"),
    "a record in another shard": (
        f"INSERT INTO document VALUES ('acme.07', x'76{'00' * 16}', 1, NULL, x'31')",
        "another shard",
    ),
    "a record on the desk": (
        f"INSERT INTO document VALUES ('acme.desk', x'76{'00' * 16}', 1, NULL, x'31')",
        "another shard",
    ),
    "text that is no UTF-8": ("INSERT INTO shard VALUES (CAST(x'fffe2e3031' AS TEXT), 1, 0)", "damaged"),
}


@pytest.mark.parametrize(("statement", "said"), VALUES.values(), ids=VALUES)
def test_what_no_store_can_hold_is_refused_though_no_digest_speaks_against_it(
    path: Path, saved: Path, statement: str, said: str
) -> None:
    sql(saved, "DELETE FROM header WHERE name = 'digest'", statement)
    assert said in refusal(saved, path, unverified=True)
    assert "Traceback" not in refusal(saved, path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE document SET value = x'00' WHERE name = x'6430' AND shard = 'acme.00'",
        "DELETE FROM entry WHERE sequence = 2",
        "DELETE FROM member",
        "UPDATE shard SET sequence = sequence + 1",
        "UPDATE header SET value = '32' WHERE name = 'shards'",
        "UPDATE header SET value = 'x' WHERE name = 'digest'",
        "INSERT INTO shard VALUES ('acme.08', 1, 0)",
        "DELETE FROM trimmed",
        "UPDATE document SET expires_at = expires_at + 1 WHERE expires_at IS NOT NULL",
    ],
)
def test_an_edited_backup_is_refused_by_its_digest(path: Path, saved: Path, statement: str) -> None:
    sql(saved, statement)
    assert "digest is not that of what it holds" in refusal(saved, path)
    assert "digest is not that of what it holds" in refusal(saved, path, unverified=True)


def test_a_file_without_a_digest_is_taken_only_when_somebody_says_so(path: Path, saved: Path) -> None:
    sql(saved, "DELETE FROM header WHERE name = 'digest'")
    assert "--unverified" in refusal(saved, path)
    restore(saved, path, now=NOW, unverified=True)


def test_a_copy_of_a_backup_is_as_good_however_it_was_copied(path: Path, saved: Path) -> None:
    for statement in (f"VACUUM INTO '{saved}.2'", "VACUUM", "PRAGMA journal_mode = WAL"):
        sql(saved, statement)
    for copy in (saved, saved.with_name("saved.db.2")):
        restore(copy, path, now=NOW)


async def test_a_backup_that_was_served_by_hand_is_a_store_and_no_backup_any_more(
    path: Path, saved: Path
) -> None:
    store = SqliteStore.open(saved)
    await store.commit(Change("acme.07", put=[Put(b"d0", b"newer")]))
    await store.close()
    assert "carries no digest" in refusal(saved, path)


async def test_a_restored_store_is_no_backup(path: Path, saved: Path) -> None:
    restore(saved, path, now=NOW)
    assert "digest" not in dict(rows(path)["header"])


def test_an_index_that_contradicts_its_table_is_refused(path: Path, saved: Path) -> None:
    with closing(sqlite3.connect(saved, isolation_level=None)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'member_score'"
        ).fetchone()
        (empty,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'lost'").fetchone()
    data = bytearray(saved.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = data[(empty - 1) * 4096 : empty * 4096]
    saved.write_bytes(data)
    refusal(saved, path)
    refusal(saved, path, unverified=True)


def flips(saved: Path, path: Path, whole: bytes, places: range | list[int]) -> tuple[int, int]:
    """Flip a bit at each of these places; how many were refused, and how many restored as the whole one is."""
    saved.write_bytes(whole)
    fresh = path.with_name("fresh.db")
    restore(saved, fresh, now=NOW)
    wanted, said = rows(fresh), list[str]()
    for at in places:
        saved.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        fresh.unlink(missing_ok=True)
        try:
            restore(saved, fresh, now=NOW)
        except StoreError as error:
            said.append(str(error))
        else:
            assert rows(fresh) == wanted, f"byte {at}"
    assert not [one for one in said if str(saved) not in one]
    return len(said), len(places) - len(said)


def test_a_flipped_bit_is_refused_or_means_nothing(path: Path, saved: Path) -> None:
    whole = saved.read_bytes()
    used = [at for at in range(100, len(whole), 13) if whole[at]][::4]
    refused, _ = flips(saved, path, whole, [*range(0, 100, 3), *used, *range(101, len(whole), 997)])
    assert refused > len(used) // 2


@pytest.mark.soak
def test_any_flipped_bit_is_refused_or_means_nothing(path: Path, saved: Path) -> None:
    whole = saved.read_bytes()
    refused, taken = flips(saved, path, whole, range(len(whole)))
    assert refused
    assert taken


async def test_a_counter_at_the_edge_can_be_saved_and_restored_again_and_again(
    path: Path, saved: Path
) -> None:
    sql(
        saved,
        "DELETE FROM header WHERE name = 'digest'",
        f"UPDATE shard SET sequence = {highest_possible(NOW)}",
    )
    restore(saved, path, now=NOW, unverified=True)
    for later in (1, 2, 3):
        store = SqliteStore.open(path)
        await store.commit(Change("acme.07", put=[Put(b"d0", b"newer")]))
        await store.close()
        again = saved.with_name(f"again{later}.db")
        backup(path, again)
        restore(again, path, now=NOW + later)


def test_text_of_another_encoding_is_refused(path: Path, saved: Path) -> None:
    """Its order is another, and its bytes are not what the service compares."""
    with closing(sqlite3.connect(saved, isolation_level=None)) as old:
        script = "\n".join(old.iterdump())
        with closing(sqlite3.connect(saved.with_name("wide.db"), isolation_level=None)) as wide:
            wide.execute("PRAGMA encoding = 'UTF-16le'")
            wide.executescript(script)
            wide.execute(f"PRAGMA application_id = {file_schema.APPLICATION_ID}")
            wide.execute(f"PRAGMA user_version = {file_schema.VERSION}")
    assert "its text is UTF-16le" in refusal(saved.with_name("wide.db"), path)


@pytest.mark.parametrize("size", [512, 65_536])
def test_another_page_size_is_as_good(path: Path, saved: Path, size: int) -> None:
    sql(saved, f"PRAGMA page_size = {size}", "PRAGMA auto_vacuum = FULL", "VACUUM")
    restore(saved, path, now=NOW)


def test_what_a_backup_calls_its_parts_steers_no_terminal(path: Path, saved: Path) -> None:
    names = ["\x1b[2J\nall is well"] + [f"more {number}" for number in range(500)]
    sql(saved, *(TRIGGER.replace("forget", f'"{name}"') for name in names))
    said = refusal(saved, path)
    assert said.isprintable()
    assert len(said) < 1000


def test_a_backup_under_the_name_of_a_copy_under_way_is_not_removed(path: Path, saved: Path) -> None:
    part = saved.rename(path.with_name(path.name + ".part"))
    assert "rename it first" in refusal(part, path)
    assert part.exists()


def test_a_cut_backup_is_refused(path: Path, saved: Path) -> None:
    whole = saved.read_bytes()
    for length in (1, 15, 50, 100, 4095, 4096, 8192, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
        saved.write_bytes(whole[:length])
        refusal(saved, path)


def test_what_is_no_file_is_refused_at_once(path: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name, said in (
        (tmp_path / "pipe", "not a regular file"),
        (tmp_path, "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / "nowhere", "no file"),
        (tmp_path / "gone", "no file"),
    ):
        assert said in refusal(name, path)


def test_a_link_to_a_backup_is_that_backup(path: Path, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(saved)
    restore(tmp_path / "latest", path, now=NOW)


@pytest.mark.parametrize("suffix", ["-wal", "-journal", "-shm"])
def test_a_pipe_beside_a_backup_hangs_nobody(path: Path, saved: Path, suffix: str) -> None:
    os.mkfifo(saved.with_name(saved.name + suffix))
    assert "not a regular file" in refusal(saved, path)


async def test_a_log_beside_a_backup_is_held_against_its_digest(path: Path, saved: Path) -> None:
    """Somebody opened the backup and changed it; the change is only in the log."""
    with closing(sqlite3.connect(saved, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("DELETE FROM entry")
        copy = saved.with_name("copy.db")
        for name in ("", "-wal"):
            copy.with_name(copy.name + name).write_bytes(saved.with_name(saved.name + name).read_bytes())
    assert "digest is not that" in refusal(copy, path)


def test_a_stale_journal_beside_a_backup_changes_nothing(path: Path, saved: Path) -> None:
    saved.with_name(saved.name + "-journal").write_bytes(b"\xd9\xd5\x05\xf9 \xa1c\xd7" + os.urandom(5000))
    before = rows(saved.rename(saved.with_name("alone.db")))
    saved.with_name("alone.db").rename(saved)
    restore(saved, path, now=NOW)
    assert rows(path)["document"] == before["document"]


def test_a_file_that_claims_to_be_larger_than_the_disk_is_refused_before_it_is_copied(
    path: Path, saved: Path
) -> None:
    os.truncate(saved, shutil.disk_usage(path.parent).free + (1 << 32))
    with pytest.raises(StoreFull, match="free"):
        restore(saved, path, now=NOW)


def test_a_log_that_claims_more_pages_than_there_are_fills_no_disk(path: Path, saved: Path) -> None:
    """The last frame of a log says how large the file is to be; a copy would make the pages up."""
    with closing(sqlite3.connect(saved, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        # Two frames, both of the first page.
        other.execute(f"PRAGMA application_id = {file_schema.APPLICATION_ID + 1}")
        other.execute(f"PRAGMA application_id = {file_schema.APPLICATION_ID}")
        copy = saved.with_name("copy.db")
        copy.write_bytes(saved.read_bytes())
        log = bytearray(saved.with_name(saved.name + "-wal").read_bytes())
    grown(log)
    copy.with_name("copy.db-wal").write_bytes(log)
    assert "more pages than it has" in refusal(copy, path)


def grown(log: bytearray) -> None:
    """Let the first page, in the last frame, claim a file of 2^18 pages (SQLite's file format, § 1.3.8 and § 4)."""
    order: Literal["big", "little"] = "big" if log[3] & 1 else "little"
    frame = 24 + int.from_bytes(log[8:12])
    last = len(log) - frame
    assert log[last : last + 4] == (1).to_bytes(4)
    for at in (last + 4, last + 24 + 28):
        log[at : at + 4] = (1 << 18).to_bytes(4)
    sums = (0, 0)
    sums = summed(log[:24], sums, order)
    for at in range(32, len(log), frame):
        sums = summed(log[at : at + 8], sums, order)
        sums = summed(log[at + 24 : at + frame], sums, order)
        log[at + 16 : at + 24] = sums[0].to_bytes(4) + sums[1].to_bytes(4)


def summed(data: bytearray, sums: tuple[int, int], order: Literal["big", "little"]) -> tuple[int, int]:
    first, second = sums
    for at in range(0, len(data), 8):
        one, two = (int.from_bytes(data[at + part : at + part + 4], order) for part in (0, 4))
        first = (first + one + second) % 2**32
        second = (second + two + first) % 2**32
    return first, second


def test_a_store_that_could_not_be_restored_is_not_backed_up_in_silence(path: Path, tmp_path: Path) -> None:
    sql(path, TRIGGER)
    with pytest.raises(StoreCorrupt, match="trigger forget is not this service's"):
        backup(path, tmp_path / "saved.db")
    assert not list(tmp_path.glob("saved*"))
