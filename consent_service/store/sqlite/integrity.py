"""Integrity of a SQLite file apart from the contents of its rows: its schema, its pages, and the shard of
each row.

Reading a row trusts the schema, so the schema comes first.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from consent_service.errors import StoreCorrupt
from consent_service.store.sqlite import file_schema, mark_row
from consent_service.store.transfer.record_check import unsound_error

LARGEST: Final = 1 << 28
"""Bytes of a value that is read from a file of unknown origin."""
_KNOWN: Final = frozenset({*file_schema.FileHeader._fields, file_schema.DIGEST, mark_row.NAME})
_SHARDED: Final = ("document", "member", "entry", "trimmed", "lost")


def require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreCorrupt unless the schema is ours, all pages hold together and each row lies in a shard.

    Reads the whole file. A schema of an earlier version is as good.
    """
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    version = file_schema.require_ours(connection, path)
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        fault = str(verdict).splitlines()[-1]
        raise StoreCorrupt(f"{path} is damaged ({fault}): use another backup")
    file_schema.read_header(connection, path)
    unknown = [name for (name,) in connection.execute("SELECT name FROM header") if name not in _KNOWN]
    if unknown:
        raise unsound_error(str(path), f"its header has a row {unknown[0]!r}")
    for table in _SHARDED if version == file_schema.VERSION else _SHARDED[:-1]:
        stray = f"SELECT 1 FROM {table} WHERE shard NOT IN (SELECT name FROM shard) LIMIT 1"  # noqa: S608
        if connection.execute(stray).fetchone():
            raise unsound_error(str(path), f"a row of its table {table!r} lies in no shard")
