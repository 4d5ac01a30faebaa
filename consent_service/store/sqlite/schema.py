"""Schema: the tables, the header and the migrations that lead from each version to the next, forward only.

Everything is keyed by the shard's name. `change` remembers which keys the last groups of commits wrote, one
row a group, so that other processes can ask; it is bounded and trimmed by the groups themselves.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from consent_service.errors import StoreCorrupt, StoreMismatch, StoreNewer
from consent_service.store.keys import DEFAULT_SHARDS

APPLICATION_ID: Final = 0x436F6E53
"""`ConS` in the file's header: what tells our files from other programs'."""

_FIRST: Final = (
    "CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE shard (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE document (
        shard TEXT NOT NULL, name BLOB NOT NULL, version INTEGER NOT NULL, expires_at INTEGER,
        value BLOB NOT NULL, PRIMARY KEY (shard, name)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX document_expiry ON document (expires_at) WHERE expires_at IS NOT NULL",
    """CREATE TABLE member (
        shard TEXT NOT NULL, idx BLOB NOT NULL, member BLOB NOT NULL, score INTEGER NOT NULL,
        PRIMARY KEY (shard, idx, member)) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX member_score ON member (shard, idx, score, member)",
    """CREATE TABLE entry (
        log TEXT NOT NULL, shard TEXT NOT NULL, sequence INTEGER NOT NULL, idx INTEGER NOT NULL,
        payload BLOB NOT NULL, PRIMARY KEY (log, shard, sequence, idx)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE trimmed (
        log TEXT NOT NULL, shard TEXT NOT NULL, sequence INTEGER NOT NULL, idx INTEGER NOT NULL,
        PRIMARY KEY (log, shard)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE change (mark INTEGER PRIMARY KEY, keys BLOB) STRICT",
)

_RESTORED: Final = (
    "ALTER TABLE shard ADD COLUMN born INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE lost (
        shard TEXT NOT NULL, after INTEGER NOT NULL, through INTEGER NOT NULL,
        PRIMARY KEY (shard, after)) STRICT, WITHOUT ROWID""",
)

MIGRATIONS: Final[Sequence[Sequence[str]]] = (_FIRST, _RESTORED)
"""`MIGRATIONS[n]` leads from schema version n to n + 1; an empty file is version 0. Rows are only added."""

VERSION: Final = len(MIGRATIONS)


class Header(NamedTuple):
    """What a store says of itself: its id, its visitor shards for each site, when it was made (Unix seconds)."""

    id: str
    shards: int
    created_at: int


def prepare(connection: sqlite3.Connection, path: Path, shards: int | None, now: int) -> Header:
    """Make or bring forward the tables, all or nothing, and return the header.

    `shards` None takes the store's own number, or the default for a new one; `now` in Unix seconds. Raises
    StoreCorrupt (not ours), StoreNewer, StoreMismatch (`shards` asked for is not the store's), and the driver's
    errors.
    """
    if version_of(connection, path) < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _migrate(connection, version_of(connection, path), shards or DEFAULT_SHARDS, now)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    header = read_header(connection, path)
    if shards is not None and header.shards != shards:
        raise StoreMismatch(
            f"{path} has {header.shards} shards, not {shards}: the number was fixed when the store was made"
        )
    return header


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version; 0 for an empty file. Raises StoreCorrupt (not ours) and StoreNewer."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not (application or version or tables):
        return 0
    if application != APPLICATION_ID:
        raise StoreCorrupt(f"{path} is another program's database: name another file")
    if version > VERSION:
        raise StoreNewer(
            f"{path} has schema version {version}, this service knows {VERSION}: install the newer one again"
        )
    return int(version)


def read_header(connection: sqlite3.Connection, path: Path) -> Header:
    """The header of a store of ours. Raises StoreCorrupt when it is incomplete."""
    found = dict(connection.execute("SELECT name, value FROM header"))
    try:
        return Header(found["id"], int(found["shards"]), int(found["created_at"]))
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(f"the header of {path} is damaged: restore a backup") from error


def _migrate(connection: sqlite3.Connection, version: int, shards: int, now: int) -> None:
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    if version == 0:
        header = Header(uuid.uuid4().hex, shards, now)
        rows = [(name, str(value)) for name, value in header._asdict().items()]
        connection.executemany("INSERT INTO header VALUES (?, ?)", rows)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
