"""A SQLite file as what a store is copied from, and as what one is copied into.

As a source it is held alone, so that no service writes it. As a target it is a file beside its name, which takes
the name when all is there.
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
from consent_service.store.dump import BATCH, About, Document, Entry, Head, Member, Record, Trimmed
from consent_service.store.sqlite import files, lost, schema
from consent_service.store.sqlite.connections import connect_writer, make_durable
from consent_service.store.sqlite.faults import translated

_PATIENCE: Final = 5.0
_HALF: Final = ".moving"

_KINDS: Final[Sequence[tuple[type[Record], str]]] = (
    (
        Document,
        """SELECT name, version, expires_at, value FROM document
        WHERE shard = :shard AND (expires_at IS NULL OR expires_at > :now) ORDER BY name""",
    ),
    (Member, "SELECT idx, score, member FROM member WHERE shard = :shard ORDER BY idx, score, member"),
    (Trimmed, "SELECT log, sequence, idx FROM trimmed WHERE shard = :shard ORDER BY log"),
    (
        Entry,
        """SELECT log, sequence, idx, payload FROM entry
        WHERE shard = :shard ORDER BY log, sequence, idx""",
    ),
)
_INSERT: Final[Mapping[type[Record], str]] = {
    Document: "INSERT INTO document (shard, name, version, expires_at, value) VALUES (?, ?, ?, ?, ?)",
    Member: "INSERT INTO member (shard, idx, score, member) VALUES (?, ?, ?, ?)",
    Trimmed: "INSERT INTO trimmed (shard, log, sequence, idx) VALUES (?, ?, ?, ?)",
    Entry: "INSERT INTO entry (shard, log, sequence, idx, payload) VALUES (?, ?, ?, ?, ?)",
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
        "moved": "shard",
    }.items()
)


@contextmanager
def source(path: Path, now: int) -> Iterator[SqliteCopy]:
    """The store at `path`, held alone. Raises StoreLocked while a service has it open."""
    path = path.resolve()
    if not path.is_file():
        raise StoreUnavailable(f"there is no store {path}")
    with _faults(path), ExitStack() as stack:
        stack.callback(os.close, files.hold_open(path, alone=True))
        connection = stack.enter_context(closing(connect_writer(path, _PATIENCE)))
        if schema.version_of(connection, path) == 0:
            raise StoreUnavailable(f"there is no store in {path}")
        header = schema.prepare(connection, path, None, now)
        floor = lost.read(connection).floor
        yield SqliteCopy(connection, path, path, About(header.id, header.shards, header.created_at, floor))


@contextmanager
def target(path: Path, now: int) -> Iterator[SqliteCopy]:
    """A new store at `path`. Raises StoreUnavailable when something is there already."""
    path = path.resolve()
    with _faults(path), ExitStack() as stack:
        files.check_place(path)
        if path.exists():
            raise StoreUnavailable(f"{path} exists already: name a new file")
        half = path.with_name(path.name + _HALF)
        stack.callback(os.close, files.hold_open(half, alone=True))
        files.create(half)
        connection = stack.enter_context(closing(connect_writer(half, _PATIENCE)))
        schema.version_of(connection, half)
        make_durable(connection)
        schema.prepare(connection, half, None, now)
        connection.execute(
            "CREATE TABLE IF NOT EXISTS moved (shard TEXT PRIMARY KEY, head BLOB NOT NULL) STRICT"
        )
        yield SqliteCopy(connection, path, half, About("", 0, 0))


class SqliteCopy:
    """`dump.Source` and `dump.Target` over one connection. `path` is the store's, `_file` where it lies now."""

    def __init__(self, connection: sqlite3.Connection, path: Path, file: Path, about: About) -> None:
        self.name = str(path)
        self.about = about
        self._connection = connection
        self._path = path
        self._file = file

    async def shards(self) -> list[str]:
        return [name for (name,) in self._connection.execute("SELECT name FROM shard")]

    async def head(self, shard: str) -> Head:
        row = self._connection.execute("SELECT sequence, born FROM shard WHERE name = ?", (shard,)).fetchone()
        gaps = self._connection.execute(
            "SELECT after, through FROM lost WHERE shard = ? ORDER BY after", (shard,)
        )
        return Head(row[0], row[1], tuple(gaps))

    async def contents(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        for kind, sql in _KINDS:
            rows = self._connection.execute(sql, {"shard": shard, "now": now})
            while batch := rows.fetchmany(BATCH):
                yield [kind(*row) for row in batch]

    async def begin(self, about: About) -> Mapping[str, Head]:
        begun = "SELECT value FROM header WHERE name IN ('moving', 'shards') ORDER BY name"
        held = [value for (value,) in self._connection.execute(begun)]
        if len(held) == 1:
            values = [(name, str(value)) for name, value in msgspec.structs.asdict(about).items()]
            values.append(("moving", about.id))
            with self._transaction():
                self._connection.executemany("INSERT OR REPLACE INTO header VALUES (?, ?)", values)
        elif held != [about.id, str(about.shards)]:
            raise StoreUnavailable(
                f"{self._file} is half a copy of another store: remove it, or name another"
            )
        moved = self._connection.execute("SELECT shard, head FROM moved")
        return {shard: msgspec.json.decode(head, type=Head) for shard, head in moved}

    async def clear(self, shard: str) -> None:
        with self._transaction():
            for sql in _CLEAR:
                self._connection.execute(sql, (shard,))

    async def put(self, shard: str, records: Sequence[Record], now: int) -> None:
        rows = defaultdict[type[Record], list[tuple[object, ...]]](list)
        for record in records:
            rows[type(record)].append((shard, *msgspec.structs.astuple(record)))
        with self._transaction():
            for kind, values in rows.items():
                self._connection.executemany(_INSERT[kind], values)

    async def seal(self, shard: str, head: Head) -> None:
        with self._transaction():
            self._connection.execute(
                "INSERT INTO shard (name, sequence, born) VALUES (?, ?, ?)", (shard, head.counter, head.born)
            )
            gaps = [(shard, *gap) for gap in head.gaps]
            self._connection.executemany("INSERT INTO lost (shard, after, through) VALUES (?, ?, ?)", gaps)
            self._connection.execute("INSERT INTO moved VALUES (?, ?)", (shard, msgspec.json.encode(head)))

    async def complete(self, about: About, restored_at: int | None) -> None:
        with self._transaction():
            self._connection.execute("DROP TABLE moved")
            self._connection.execute("DELETE FROM header WHERE name = 'moving'")
        if restored_at is not None:
            lost.begin_anew(self._connection, restored_at, 0)
        self._connection.execute("PRAGMA journal_mode = DELETE")
        files.sync_file(self._file)
        self._path.hardlink_to(self._file)  # never over a file that came meanwhile
        for name in (self._file, self._file.with_name(self._file.name + ".open")):
            name.unlink()
        files.sync_folder(self._path.parent)

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
    except (sqlite3.Error, OSError) as error:
        raise translated(error, path) from error
