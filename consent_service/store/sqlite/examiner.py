"""Examiner of a SQLite store: read-only connections alone, no lock taken, no file made.

While no log lies beside the file nobody has it open, and it is read as one that does not change: an ordinary
reader would leave a log and its index behind.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from consent_service.errors import StoreError
from consent_service.store.contract import Document, Key
from consent_service.store.lost_values import LostValues
from consent_service.store.mounts import mount_of
from consent_service.store.move_mark import MoveMark
from consent_service.store.sqlite import counters, database_file, file_schema, mark_row
from consent_service.store.sqlite.connections import connect_reader
from consent_service.store.sqlite.faults import RAISED, translated_error
from consent_service.store.sqlite.reader_thread import read_documents
from consent_service.store.status import DataLayout, FileFacts

_LOCKS: Final = Path("/proc/locks")
_TIMEOUT: Final = 2.0
_NEXT: Final = """SELECT payload FROM entry WHERE log = ? AND shard = ? AND sequence > ?
    ORDER BY sequence, idx LIMIT 1"""

_T = TypeVar("_T")


class SqliteExaminer:
    """`status.Examiner` over one file."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path.resolve()
        self._clock = clock

    async def read_facts(self) -> FileFacts:
        """Return the facts of the store; what is wrong with it is among them as `troubles`."""
        path = self._path
        engine = f"SQLite {sqlite3.sqlite_version}"
        try:
            database_file.check_place(path)
            if not path.exists():
                free = shutil.disk_usage(path.parent).free
                return FileFacts(str(path), engine, free=free, mount=mount_of(path))
            version, header, journal, mark = self._ask_file(self._read_layout)
        except StoreError as error:
            return FileFacts(str(path), engine, (str(error),))
        return FileFacts(
            str(path),
            engine,
            laid=DataLayout(version, header.shards) if header else None,
            size=path.stat().st_size,
            log_size=_file_size(_file_beside(path, "-wal")),
            free=shutil.disk_usage(path.parent).free,
            journal=journal,
            holders=count_holders(_file_beside(path, ".open")),
            moved=mark,
            mount=mount_of(path),
            private=not stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO),
        )

    async def get(self, keys: Sequence[Key]) -> list[Document | None]:
        """Return the documents in the order asked; None for those that are absent or have expired."""
        return self._ask_file(lambda connection: read_documents(connection, keys, self._clock()))

    async def next_behind(self, log: str, shard: str, sequence: int) -> bytes | None:
        """Return the payload of the log's first entry with a higher position, or None."""
        row = self._ask_file(lambda connection: connection.execute(_NEXT, (log, shard, sequence)).fetchone())
        return row and bytes(row[0])

    async def lost_values(self) -> LostValues:
        """Return the counter values that restorations made the store lose."""
        return self._ask_file(counters.read_lost)

    async def close(self) -> None:
        """Do nothing: no connection outlives its question."""

    def _read_layout(
        self, connection: sqlite3.Connection
    ) -> tuple[int, file_schema.FileHeader | None, str | None, MoveMark | None]:
        version = file_schema.require_ours(connection, self._path)
        header = file_schema.read_header(connection, self._path) if version else None
        mark = mark_row.read_mark(connection.execute, self._path) if version else None
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
        return version, header, str(journal) if _file_beside(self._path, "-wal").exists() else None, mark

    def _ask_file(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            still = not _file_beside(self._path, "-wal").exists()
            with closing(connect_reader(self._path, _TIMEOUT, still=still)) as connection:
                return query(connection)
        except RAISED as error:
            raise translated_error(error, self._path) from error


def count_holders(lock: Path, locks: Path = _LOCKS) -> int | None:
    """Return how many hold this file's `flock`, from proc(5)'s list of locks, so that no lock has to be taken.

    None where the system has no such list.
    """
    try:
        lock_list, stat = locks.read_text(), lock.stat()
    except FileNotFoundError:
        return 0 if locks.exists() else None
    except OSError:
        return None
    name = f"{os.major(stat.st_dev):02x}:{os.minor(stat.st_dev):02x}:{stat.st_ino}"
    return sum(line.split()[1] == "FLOCK" and name in line.split() for line in lock_list.splitlines())


def _file_beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
