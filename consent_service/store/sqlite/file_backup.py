"""Backup and restore: a consistent copy while the service runs, and its way back while it does not.

A backup is a store's file that carries a digest of all that it holds. `restore` makes a copy of its own first and
examines that one, so that nothing can change between the look and the use; the store is touched when the copy has
passed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from consent_service.errors import StoreCorrupt, StoreError, StoreFull, StoreReadOnly, StoreUnavailable
from consent_service.store.fsync import sync_file, sync_folder
from consent_service.store.lost_values import highest_possible
from consent_service.store.sqlite import counters, database_file, file_schema, mark_row
from consent_service.store.sqlite.connections import connect_reader, connect_writer
from consent_service.store.sqlite.endpoints import SqliteEndpoint
from consent_service.store.sqlite.faults import RAISED, translated_error
from consent_service.store.sqlite.integrity import require_whole
from consent_service.store.sqlite.set_aside_file import set_aside
from consent_service.store.transfer import backup_file
from consent_service.store.transfer.record_check import unsound_error, verify_source

_TIMEOUT: Final = 5.0
_PART: Final = ".part"
_BESIDE: Final = ("-wal", "-shm", "-journal")
_NO_DIGEST: Final = (
    "{saved} carries no digest, so it can't be told whether all of it is as it was saved: it is a store's own file, "
    "one that `restore` set aside, or a backup of an earlier version. Name another backup, or take it as it is with "
    "`--unverified`"
)
_OTHER_DIGEST: Final = (
    "{saved} is damaged, or was changed after it was made: its digest is not that of what it holds. Use another "
    "backup"
)


def backup(source: Path, target: Path) -> None:
    """Copy the store at `source`, as of one moment, into the new file `target`; durable when it returns.

    The store may be in use. Raises StoreUnavailable when `target` exists, StoreCorrupt for a store that `restore`
    would refuse, and what opening raises.
    """
    source, target = source.resolve(), target.absolute()
    _check_folder(target)
    _refuse_to_overwrite(target)
    part = target.with_name(target.name + _PART)
    try:
        try:
            _copy_pages(source, part, still=False)
            with _blaming_original(part, source), closing(connect_writer(part, _TIMEOUT)) as copy:
                digest = _digest_of_copy(copy, part, int(time.time()))
                mark_row.write_mark(copy.execute, None)
                file_schema.set_digest(copy, digest)
            sync_file(part)
            _refuse_to_overwrite(target)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(target.parent)
    except RAISED as error:
        raise translated_error(error, source) from error


def restore(saved: Path, target: Path, now: float | None = None, *, unverified: bool = False) -> Path | None:
    """Put the backup `saved` in the place of the store `target`; return the name that the old file has now.

    The old file keeps its contents under a new name beside it; None when there was none. What was committed
    since the backup is known to be lost from now on (`contract.Store.lost`). `now`: Unix seconds. `unverified` takes
    a file that carries no digest. Raises StoreCorrupt or StoreNewer when the backup can't be used, and StoreLocked
    while a service has `target` open.
    """
    saved, target = saved.resolve(), target.resolve()
    part = target.with_name(target.name + _PART)
    present = int(time.time() if now is None else now)
    try:
        if saved == part:
            raise StoreUnavailable(f"{saved} is the name of a copy under way: rename it first")
        _check_readable(saved)
        database_file.check_place(target)
        held = database_file.hold_open(target, alone=True)
        try:
            _copy_pages(saved, part, still=not _log_file(saved).exists())
            with _blaming_original(part, saved), closing(connect_writer(part, _TIMEOUT)) as copy:
                _verify_copy(copy, part, present, unverified=unverified)
            _begin_anew(part, target, present)
            replaced = set_aside(target)
            part.replace(target)
            sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
            os.close(held)
    except RAISED as error:
        raise translated_error(error, target) from error
    return replaced


def _verify_copy(copy: sqlite3.Connection, part: Path, now: int, *, unverified: bool) -> None:
    """Raise StoreCorrupt unless the copy matches its digest, or has none and is allowed to."""
    file_schema.require_ours(copy, part)
    claimed = file_schema.digest_of(copy)
    if claimed is None and not unverified:
        raise StoreCorrupt(_NO_DIGEST.format(saved=part))
    digest = _digest_of_copy(copy, part, now)
    if claimed is not None and claimed != digest:
        raise StoreCorrupt(_OTHER_DIGEST.format(saved=part))
    # It changes nothing, but it writes: a file that forbids writing fails here.
    copy.execute(f"PRAGMA user_version = {file_schema.VERSION}")


def _digest_of_copy(copy: sqlite3.Connection, part: Path, now: int) -> str:
    """Return the digest of all that a copy holds, in hexadecimal, after bringing it to today's schema. Raises
    StoreCorrupt if it is unsound.
    """
    require_whole(copy, part)
    about = file_schema.prepare_schema(copy, part, None, now).about
    examining = verify_source(SqliteEndpoint(copy, part, part, about), now)
    with ThreadPoolExecutor(1, "examiner") as thread:  # the caller may be in an event loop
        return thread.submit(asyncio.run, examining).result().hex()


@contextmanager
def _blaming_original(part: Path, name: Path) -> Iterator[None]:
    """Make errors about the temporary copy name the original file."""
    try:
        yield
    except (StoreError, *RAISED) as error:
        blamed = _blamed_error(error, part)
        raise type(blamed)(str(blamed).replace(str(part), str(name))) from error


def _blamed_error(error: Exception, path: Path) -> StoreError:
    """Return the error for a file of unknown origin: whatever SQLite can't read in it is the file's fault."""
    store_error = translated_error(error, path)
    if type(store_error) is StoreError or (
        isinstance(store_error, StoreReadOnly) and isinstance(error, sqlite3.Error)
    ):
        return unsound_error(str(path), str(error))
    return store_error


def _check_readable(saved: Path) -> None:
    """Raise StoreUnavailable unless this is a SQLite backup's file, with nothing beside it that would not end."""
    if not saved.exists():
        raise StoreUnavailable(f"there is no file {saved}")
    try:
        file = backup_file.open_regular(saved)
    except OSError as error:
        raise StoreUnavailable(f"{saved} can't be read: {error.strerror}") from error
    with file:
        if file.read(len(backup_file.MAGIC)) == backup_file.MAGIC:
            raise StoreUnavailable(
                f"{saved} is the backup of a Redis store: name an empty one as `store`, then `move` it"
            )
    for beside in (saved.with_name(saved.name + suffix) for suffix in _BESIDE):
        if beside.exists() and not beside.is_file():
            raise StoreUnavailable(f"{beside} is not a regular file: remove it")


def _check_folder(target: Path) -> None:
    if not target.parent.is_dir():
        raise StoreUnavailable(f"there is no folder {target.parent}")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise StoreUnavailable(f"nothing may be written into the folder {target.parent}")


def _refuse_to_overwrite(target: Path) -> None:
    if target.exists():
        raise StoreUnavailable(f"{target} exists already: name a new file")


def _log_file(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _copy_pages(source: Path, part: Path, *, still: bool) -> None:
    """Copy all pages in one step, which is one snapshot, into a single durable file without a log beside it.

    `still`: nobody writes to `source` meanwhile.
    """
    for suffix in ("", *_BESIDE):  # what an interrupted copy left
        part.with_name(part.name + suffix).unlink(missing_ok=True)
    if not source.is_file():
        raise StoreUnavailable(f"there is no file {source}")
    size = sum(file.stat().st_size for file in (source, _log_file(source)) if file.exists())
    if size > (free := shutil.disk_usage(part.parent).free):
        raise StoreFull(
            f"{source} has {size} bytes, and {part.parent} has {free} free: free some, then try again"
        )
    try:
        with closing(connect_reader(source, _TIMEOUT, still=still)) as reading:
            if file_schema.version_of(reading, source) == 0:
                raise StoreCorrupt(f"{source} is empty")
            if not _has_all_pages(reading, size):
                raise unsound_error(str(source), "it claims more pages than it has")
            database_file.create_file(part)
            with closing(sqlite3.connect(part)) as writing:
                reading.backup(writing)
                writing.execute("PRAGMA journal_mode = DELETE")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _blamed_error(error, source) from error
    sync_file(part)


def _has_all_pages(reading: sqlite3.Connection, size: int) -> bool:
    """Return True if the file contains as many pages as it claims: a copy would invent the others."""
    (pages,) = reading.execute("PRAGMA page_count").fetchone()
    (each,) = reading.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(each) <= size


def _begin_anew(part: Path, target: Path, now: int) -> None:
    """Make the copy a store that may be served, its counters behind all that the old file may have taken."""
    taken = 0
    with suppress(StoreError, *RAISED), closing(connect_reader(target, _TIMEOUT)) as old:
        taken = counters.highest_value(old)
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        file_schema.set_digest(copy, None)
        mark_row.write_mark(copy.execute, None)
        copy.execute("DELETE FROM change")
        counters.restart_counters(copy, now, min(taken, highest_possible(now)))
    sync_file(part)
