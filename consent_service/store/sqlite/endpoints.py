"""A SQLite file as what a store is copied from, and as what one is copied into.

As a source it is held alone, so that no service writes it. As a target it is a file beside its name, which takes
the name when all is there: from nothing, or from the store that was moved away from there.
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
from consent_service.store.sqlite import counters, database_file, mark_row, schema
from consent_service.store.sqlite.connections import connect_reader, connect_writer, make_durable
from consent_service.store.sqlite.faults import RAISED, translated
from consent_service.store.sqlite.integrity import require_whole
from consent_service.store.sqlite.replacing import set_aside
from consent_service.store.transfer.records import (
    DocumentRecord,
    EntryRecord,
    MemberRecord,
    Record,
    ShardHead,
    StoreInfo,
    TrimRecord,
    batched,
    decode_head,
)

_TIMEOUT: Final = 5.0
_HALF: Final = ".moving"
_COPIED: Final = "moved:"
"""What the names of the header's rows begin with, in half a copy, that say which shards are whole."""

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
def source(path: Path, now: int) -> Iterator[SqliteEndpoint]:
    """The store at `path`, held alone.

    Raises StoreLocked while a service has it open, StoreCorrupt when it is unsound.
    """
    path = path.resolve()
    if not path.is_file():
        raise StoreUnavailable(f"there is no store {path}")
    with _faults(path), ExitStack() as stack:
        stack.callback(os.close, database_file.hold_open(path, alone=True))
        connection = stack.enter_context(closing(connect_writer(path, _TIMEOUT)))
        if schema.version_of(connection, path) == 0:
            raise StoreUnavailable(f"there is no store in {path}")
        require_whole(connection, path)
        about = schema.prepare(connection, path, None, now).about
        yield SqliteEndpoint(connection, path, path, about, mark_row.read_mark(connection.execute, path))


@contextmanager
def target(path: Path, now: int, *, back: bool = False) -> Iterator[SqliteEndpoint]:
    """A new store at `path`. Raises StoreUnavailable when something is there already.

    `back`: it may be the store that was moved away, which is then set aside.
    """
    path = path.resolve()
    with _faults(path), ExitStack() as stack:
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
        database_file.create(half)
        connection = stack.enter_context(closing(connect_writer(half, _TIMEOUT)))
        schema.version_of(connection, half)
        make_durable(connection)
        schema.make(connection, half, None, now)
        yield SqliteEndpoint(connection, path, half, StoreInfo("", 0, 0), left=left)


def _left_behind(path: Path) -> str | None:
    """The id of the store at `path` if it was moved away from there, or None."""
    with closing(connect_reader(path, _TIMEOUT)) as connection:
        if not schema.require_ours(connection, path) or mark_row.read_mark(connection.execute, path) is None:
            return None
        return schema.read_header(connection, path).id


class SqliteEndpoint:
    """`dump.Source` and `dump.Target` over one connection.

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
        return [name for (name,) in self._connection.execute("SELECT name FROM shard")]

    async def head(self, shard: str) -> ShardHead:
        row = self._connection.execute("SELECT sequence, born FROM shard WHERE name = ?", (shard,)).fetchone()
        gaps = self._connection.execute(
            "SELECT after, through FROM lost WHERE shard = ? ORDER BY after", (shard,)
        )
        return ShardHead(row[0], row[1], tuple(gaps))

    async def contents(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        for kind, sql in _KINDS:
            rows = self._connection.execute(sql, {"shard": shard, "now": now})
            for batch in batched(kind(*row) for row in rows):
                yield batch

    async def fence(self, moved: MoveMark) -> None:
        with self._transaction():
            mark_row.write_mark(self._connection.execute, moved)

    async def begin(self, about: StoreInfo, saved: bytes = b"") -> Mapping[str, ShardHead]:
        if self._left not in (None, about.id):
            raise StoreUnavailable(f"{self._path} holds another store, which was moved away: name a new file")
        rows = dict(self._connection.execute("SELECT name, value FROM header"))
        of = about.id + saved.hex()
        if schema.HALF not in rows:
            if rows["id"] != about.id and await self.shards():
                raise StoreUnavailable(f"{self._file} is another store: rename it, or name another place")
            values = [(name, str(value)) for name, value in msgspec.structs.asdict(about).items()]
            values.append((schema.HALF, of))
            with self._transaction():
                self._connection.executemany("INSERT OR REPLACE INTO header VALUES (?, ?)", values)
        elif (rows[schema.HALF], rows["shards"]) != (of, str(about.shards)):
            raise StoreUnavailable(
                f"{self._file} is half a copy of another store, or of another backup: remove it, or name another"
            )
        return {
            name.removeprefix(_COPIED): decode_head(head, str(self._file))
            for name, head in rows.items()
            if name.startswith(_COPIED)
        }

    async def clear(self, shard: str) -> None:
        with self._transaction():
            for sql in _CLEAR:
                self._connection.execute(sql, (shard,))
            self._connection.execute("DELETE FROM header WHERE name = ?", (_COPIED + shard,))

    async def put(self, shard: str, records: Sequence[Record], now: int) -> None:
        rows = defaultdict[type[Record], list[tuple[object, ...]]](list)
        for record in records:
            rows[type(record)].append((shard, *msgspec.structs.astuple(record)))
        with self._transaction():
            for kind, values in rows.items():
                self._connection.executemany(_INSERT[kind], values)

    async def seal(self, shard: str, head: ShardHead) -> None:
        with self._transaction():
            self._connection.execute(
                "INSERT INTO shard (name, sequence, born) VALUES (?, ?, ?)", (shard, head.counter, head.born)
            )
            gaps = [(shard, *gap) for gap in head.gaps]
            self._connection.executemany("INSERT INTO lost (shard, after, through) VALUES (?, ?, ?)", gaps)
            note = (_COPIED + shard, msgspec.json.encode(head).decode())
            self._connection.execute("INSERT INTO header VALUES (?, ?)", note)

    async def complete(self, about: StoreInfo, restored_at: int | None) -> None:
        with self._transaction():
            self._connection.execute("DELETE FROM header WHERE name = ?", (schema.HALF,))
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
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except RAISED as error:
        raise translated(error, path) from error
