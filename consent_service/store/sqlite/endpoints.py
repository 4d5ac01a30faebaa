"""A SQLite file as the source and the target of a copy.

As a source it is held alone, so that no service writes it. As a target it is a file beside its name, which
takes the name when the copy is complete: from nothing, or from the store that was moved away from there.
"""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from consent_service.errors import StoreUnavailable
from consent_service.store.fsync import sync_file, sync_folder
from consent_service.store.move_mark import MoveMark
from consent_service.store.sqlite import counters, database_file, file_schema, mark_row
from consent_service.store.sqlite.connections import connect_reader, connect_writer, make_durable
from consent_service.store.sqlite.faults import RAISED, translated_error
from consent_service.store.sqlite.integrity import require_whole
from consent_service.store.sqlite.set_aside_file import set_aside
from consent_service.store.transfer.records import (
    DocumentRecord,
    EntryRecord,
    MemberRecord,
    Record,
    ShardHead,
    StoreInfo,
    TrimRecord,
    decode_head,
    in_batches,
)

_TIMEOUT: Final = 5.0
_HALF: Final = ".moving"
_COPIED: Final = "moved:"
"""Prefix of the header's rows, in half a copy, that name the shards which are whole."""

_KINDS: Final[Sequence[tuple[type[Record], str]]] = (
    (
        DocumentRecord,
        """SELECT name, version, expires_at, value FROM document
        WHERE shard = :shard AND (expires_at IS NULL OR expires_at > :now) ORDER BY name""",
    ),
    (MemberRecord, "SELECT idx, score, member FROM member WHERE shard = :shard ORDER BY idx, score, member"),
    (TrimRecord, "SELECT log, sequence, idx FROM trimmed WHERE shard = :shard ORDER BY log"),
    (
        EntryRecord,
        """WITH RECURSIVE logs (name) AS (
            SELECT min(log) FROM entry
            UNION ALL SELECT (SELECT min(log) FROM entry WHERE log > name) FROM logs WHERE name IS NOT NULL)
        SELECT log, sequence, idx, payload FROM logs CROSS JOIN entry ON log = name
        WHERE shard = :shard ORDER BY log, sequence, idx""",  # by its key, else each shard walks over all entries
    ),
)
_INSERT: Final[Mapping[type[Record], str]] = {
    DocumentRecord: "INSERT INTO document (shard, name, version, expires_at, value) VALUES (?, ?, ?, ?, ?)",
    MemberRecord: "INSERT INTO member (shard, idx, score, member) VALUES (?, ?, ?, ?)",
    TrimRecord: "INSERT INTO trimmed (shard, log, sequence, idx) VALUES (?, ?, ?, ?)",
    EntryRecord: "INSERT INTO entry (shard, log, sequence, idx, payload) VALUES (?, ?, ?, ?, ?)",
}
_CLEAR: Final = tuple(
    f"DELETE FROM {table} WHERE {column} = ?"  # noqa: S608 - names of our own
    for table, column in {
        "document": "shard",
        "member": "shard",
        "trimmed": "shard",
        "entry": "shard",
        "lost": "shard",
        "shard": "name",
    }.items()
)


@contextmanager
def open_source(path: Path, now: int) -> Iterator[SqliteEndpoint]:
    """Yield the store at `path` as a source, held alone.

    Raises StoreLocked while a service has it open, StoreCorrupt when it is unsound.
    """
    path = path.resolve()
    if not path.is_file():
        raise StoreUnavailable(f"there is no store {path}")
    with _translated_faults(path), ExitStack() as stack:
        stack.callback(os.close, database_file.hold_open(path, alone=True))
        connection = stack.enter_context(closing(connect_writer(path, _TIMEOUT)))
        if file_schema.version_of(connection, path) == 0:
            raise StoreUnavailable(f"there is no store in {path}")
        require_whole(connection, path)
        about = file_schema.prepare_schema(connection, path, None, now).about
        yield SqliteEndpoint(connection, path, path, about, mark_row.read_mark(connection.execute, path))


@contextmanager
def open_target(path: Path, now: int, *, back: bool = False) -> Iterator[SqliteEndpoint]:
    """Yield a new store at `path` as a target. Raises StoreUnavailable when something is there already.

    `back`: it may be the store that was moved away, which is then set aside.
    """
    path = path.resolve()
    with _translated_faults(path), ExitStack() as stack:
        database_file.check_place(path)
        left = None
        if path.exists():
            left = _left_behind(path) if back else None
            if left is None:
                raise StoreUnavailable(f"{path} exists already: name a new file")
            stack.callback(os.close, database_file.hold_open(path, alone=True))
        half = path.with_name(path.name + _HALF)
        if left is not None and half.exists() and half.samefile(path):
            half.unlink()  # a second name that a killed move left to the store that it made
        stack.callback(os.close, database_file.hold_open(half, alone=True))
        database_file.create_file(half)
        connection = stack.enter_context(closing(connect_writer(half, _TIMEOUT)))
        file_schema.version_of(connection, half)
        make_durable(connection)
        file_schema.make_schema(connection, half, None, now)
        yield SqliteEndpoint(connection, path, half, StoreInfo("", 0, 0), left=left)


def _left_behind(path: Path) -> str | None:
    """Return the id of the store at `path` if it was moved away from there, or None."""
    with closing(connect_reader(path, _TIMEOUT)) as connection:
        if (
            not file_schema.require_ours(connection, path)
            or mark_row.read_mark(connection.execute, path) is None
        ):
            return None
        return file_schema.read_header(connection, path).id


class SqliteEndpoint:
    """`records.Source` and `records.Target` over one connection.

    `path` is the store's, `file` where it lies now. `left`: the id of the store that was moved away from `path` and
    is still there.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        file: Path,
        about: StoreInfo,
        moved: MoveMark | None = None,
        left: str | None = None,
    ) -> None:
        self.name = str(path)
        self.about = about
        self.moved = moved
        self._connection = connection
        self._path = path
        self._file = file
        self._left = left

    async def shards(self) -> list[str]:
        """Return the names of all shards that were ever written."""
        return [name for (name,) in self._connection.execute("SELECT name FROM shard")]

    async def read_head(self, shard: str) -> ShardHead:
        """Return the shard's head, which changes with every commit to the shard."""
        row = self._connection.execute("SELECT sequence, born FROM shard WHERE name = ?", (shard,)).fetchone()
        gaps = self._connection.execute(
            "SELECT after, through FROM lost WHERE shard = ? ORDER BY after", (shard,)
        )
        return ShardHead(row[0], row[1], tuple(gaps))

    async def read_records(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record of the shard in order, in batches; documents expired by `now` (Unix seconds) are left
        out.
        """
        for kind, sql in _KINDS:
            rows = self._connection.execute(sql, {"shard": shard, "now": now})
            for batch in in_batches(kind(*row) for row in rows):
                yield batch

    async def mark_moved(self, moved: MoveMark) -> None:
        """Make the mark durable: the source acknowledges no commit from then on."""
        with self._transaction():
            mark_row.write_mark(self._connection.execute, moved)

    async def begin_copy(self, about: StoreInfo, saved: bytes = b"") -> Mapping[str, ShardHead]:
        """Prepare the place and return the heads of the shards that it holds already. Raises StoreUnavailable."""
        if self._left not in (None, about.id):
            raise StoreUnavailable(f"{self._path} holds another store, which was moved away: name a new file")
        rows = dict(self._connection.execute("SELECT name, value FROM header"))
        of = about.id + saved.hex()
        if file_schema.HALF not in rows:
            if rows["id"] != about.id and await self.shards():
                raise StoreUnavailable(f"{self._file} is another store: rename it, or name another place")
            values = [(name, str(value)) for name, value in msgspec.structs.asdict(about).items()]
            values.append((file_schema.HALF, of))
            with self._transaction():
                self._connection.executemany("INSERT OR REPLACE INTO header VALUES (?, ?)", values)
        elif (rows[file_schema.HALF], rows["shards"]) != (of, str(about.shards)):
            raise StoreUnavailable(
                f"{self._file} is half a copy of another store, or of another backup: remove it, or name another"
            )
        return {
            name.removeprefix(_COPIED): decode_head(head, str(self._file))
            for name, head in rows.items()
            if name.startswith(_COPIED)
        }

    async def clear_shard(self, shard: str) -> None:
        """Remove what an interrupted attempt left of the shard."""
        with self._transaction():
            for sql in _CLEAR:
                self._connection.execute(sql, (shard,))
            self._connection.execute("DELETE FROM header WHERE name = ?", (_COPIED + shard,))

    async def put_records(self, shard: str, records: Sequence[Record], now: int) -> None:
        """Write the records of a shard."""
        rows = defaultdict[type[Record], list[tuple[object, ...]]](list)
        for record in records:
            rows[type(record)].append((shard, *msgspec.structs.astuple(record)))
        with self._transaction():
            for kind, values in rows.items():
                self._connection.executemany(_INSERT[kind], values)

    async def seal_shard(self, shard: str, head: ShardHead) -> None:
        """Note that the shard is whole."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO shard (name, sequence, born) VALUES (?, ?, ?)", (shard, head.counter, head.born)
            )
            gaps = [(shard, *gap) for gap in head.gaps]
            self._connection.executemany("INSERT INTO lost (shard, after, through) VALUES (?, ?, ?)", gaps)
            note = (_COPIED + shard, msgspec.json.encode(head).decode())
            self._connection.execute("INSERT INTO header VALUES (?, ?)", note)

    async def complete_copy(self, about: StoreInfo, restored_at: int | None) -> None:
        """Turn the copy into a store; with `restored_at` (Unix seconds) into one that knows what it may have lost."""
        with self._transaction():
            self._connection.execute("DELETE FROM header WHERE name = ?", (file_schema.HALF,))
            self._connection.execute(f"DELETE FROM header WHERE name GLOB '{_COPIED}*'")  # noqa: S608 - our own
        if restored_at is not None:
            counters.restart_counters(self._connection, restored_at, 0)
        self._connection.execute("PRAGMA journal_mode = DELETE")
        sync_file(self._file)
        if self._left is not None:
            set_aside(self._path)
            self._file.replace(self._path)
        else:
            self._path.hardlink_to(self._file)  # never over a file that came meanwhile
        for name in (self._file, self._file.with_name(self._file.name + ".open")):
            name.unlink(missing_ok=True)
        sync_folder(self._path.parent)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


@contextmanager
def _translated_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except RAISED as error:
        raise translated_error(error, path) from error
