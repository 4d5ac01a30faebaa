"""Schema: the tables, the header and the migrations that lead from each version to the next, forward only.

A file is ours only if its schema is, to the letter, what these statements make: a trigger could undo each commit, a
changed column take what none may hold.

Everything is keyed by the shard's name. `change` remembers which keys the last groups of commits wrote, one
row a group, so that other processes can ask; it is bounded and trimmed by the groups themselves.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from consent_service.errors import StoreCorrupt, StoreMismatch, StoreNewer, StoreUnavailable
from consent_service.store.causes import printable_line
from consent_service.store.names import DEFAULT_SHARDS
from consent_service.store.transfer.record_check import check_store_info
from consent_service.store.transfer.records import StoreInfo

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

_LONGEST_NUMBER: Final = 20


DIGEST: Final = "digest"
"""The header's row, in a backup alone, with the digest of all that it holds."""
HALF: Final = "moving"
"""The header's row, in half a copy alone, that says of which store."""

_Object = tuple[str, str, str, str | None]
"""Kind, name, table and statement of something in a schema."""


class FileHeader(NamedTuple):
    """The store's own description: id, visitor shards for each site, time of creation (Unix seconds), and start of
    the counters of new shards.
    """

    id: str
    shards: int
    created_at: int
    floor: int = 0

    @property
    def about(self) -> StoreInfo:
        """Return the facts that every copy of the store keeps."""
        return StoreInfo(*self)


def prepare_schema(connection: sqlite3.Connection, path: Path, shards: int | None, now: int) -> FileHeader:
    """Make or bring forward the tables, all or nothing, and return the header.

    `shards` None takes the store's own number, or the default for a new one; `now` in Unix seconds. Raises
    StoreCorrupt (not ours), StoreNewer, StoreMismatch (`shards` asked for is not the store's), and the driver's
    errors.
    """
    make_schema(connection, path, shards, now)
    header = read_header(connection, path)
    if shards is not None and header.shards != shards:
        raise StoreMismatch(
            f"{path} has {header.shards} shards, not {shards}: the number was fixed when the store was made"
        )
    return header


def make_schema(connection: sqlite3.Connection, path: Path, shards: int | None, now: int) -> None:
    """Make or bring forward the tables, all or nothing. Raises StoreCorrupt and StoreNewer."""
    if require_ours(connection, path) < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _migrate_from(connection, version_of(connection, path), shards or DEFAULT_SHARDS, now)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema's version; 0 for an empty file. Raises StoreCorrupt (not ours) and StoreNewer."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not (application or version or tables):
        return 0
    if application != APPLICATION_ID:
        raise StoreCorrupt(f"{path} is another program's database: name another file")
    if version < 1:
        raise StoreCorrupt(
            f"{path} has schema version {version}, which no version of this service wrote: restore a backup"
        )
    if version > VERSION:
        raise StoreNewer(
            f"{path} has schema version {version}, this service knows {VERSION}: install the newer one again"
        )
    return int(version)


def require_ours(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a schema that is to the letter as this service makes it. Cheap: no row is read.

    Raises StoreCorrupt with what differs, and what `version_of` raises.
    """
    version = version_of(connection, path)
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    present, expected = _schema_objects(connection), _expected_objects(version)
    strange = [f"{kind} {name}" for kind, name, *_ in sorted(present - expected, key=str)]
    missing = [f"{kind} {name}" for kind, name, *_ in sorted(expected - present, key=str)]
    if version and (strange or missing or encoding != "UTF-8"):
        differs = [f"{name} is not this service's" for name in strange if name not in missing]
        differs += [f"{name} was changed" for name in strange if name in missing]
        differs += [f"{name} is missing" for name in missing if name not in strange]
        difference = printable_line("; ".join(differs) or f"its text is {encoding}")
        raise StoreCorrupt(
            f"{path} is not as this service makes it: {difference}. Another program changed it: undo that, or "
            "restore a backup"
        )
    return version


def read_header(connection: sqlite3.Connection, path: Path) -> FileHeader:
    """Return the header of a store. Raises StoreCorrupt when it is damaged, StoreUnavailable for half a copy."""
    rows = dict(connection.execute("SELECT name, value FROM header"))
    if HALF in rows:
        raise StoreUnavailable(
            f"{path} is half a copy of a store: give the same `move` again, which finishes it"
        )
    try:
        header = FileHeader(
            rows["id"], *(_parse_number(rows.get(name, "")) for name in ("shards", "created_at"))
        )
        header = header._replace(floor=_parse_number(rows.get("floor", "0")))
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(f"the header of {path} is damaged: restore a backup") from error
    check_store_info(header.about, str(path))
    return header


def digest_of(connection: sqlite3.Connection) -> str | None:
    """Return the digest that a backup carries; None in any other store."""
    row = connection.execute("SELECT value FROM header WHERE name = ?", (DIGEST,)).fetchone()
    return row and str(row[0])


def set_digest(connection: sqlite3.Connection, digest: str | None) -> None:
    """Make the file a backup with this digest; None: a store like any other."""
    if digest is None:
        connection.execute("DELETE FROM header WHERE name = ?", (DIGEST,))
    else:
        connection.execute("INSERT OR REPLACE INTO header VALUES (?, ?)", (DIGEST, digest))


def _parse_number(text: str) -> int:
    """Return a number as this service writes it. Raises ValueError."""
    if len(text) > _LONGEST_NUMBER or str(int(text)) != text:
        raise ValueError(text)
    return int(text)


def _schema_objects(connection: sqlite3.Connection) -> frozenset[_Object]:
    return frozenset(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))


@cache
def _expected_objects(version: int) -> frozenset[_Object]:
    """Return everything that the migrations up to this version make."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        return _schema_objects(connection)


def _migrate_from(connection: sqlite3.Connection, version: int, shards: int, now: int) -> None:
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    if version == 0:
        header = FileHeader(uuid.uuid4().hex, shards, now)
        rows = [(name, str(value)) for name, value in header._asdict().items() if name != "floor"]
        connection.executemany("INSERT INTO header VALUES (?, ?)", rows)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
