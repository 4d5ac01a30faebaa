"""Backup and restore: a consistent copy while the service runs, and its way back while it does not."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from consent_service.errors import StoreCorrupt, StoreError, StoreUnavailable
from consent_service.store.sqlite import files, lost, schema
from consent_service.store.sqlite.connections import connect_reader
from consent_service.store.sqlite.faults import translated

_PATIENCE: Final = 5.0
_PART: Final = ".part"


def backup(source: Path, target: Path) -> None:
    """Copy the store at `source`, as of one moment, into the new file `target`; durable when it returns.

    The store may be in use. Raises StoreUnavailable when `target` exists, and what opening raises.
    """
    source, target = source.resolve(), target.absolute()
    _check_folder(target)
    _refuse_to_overwrite(target)
    part = target.with_name(target.name + _PART)
    try:
        try:
            _copy(source, part)
            _refuse_to_overwrite(target)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
        files.sync_folder(target.parent)
    except (sqlite3.Error, OSError) as error:
        raise translated(error, source) from error


def restore(saved: Path, target: Path, now: float | None = None) -> Path | None:
    """Put the backup `saved` in the place of the store `target`; returns where the old file is kept.

    The old file keeps its contents under a new name beside it; None when there was none. What was committed
    since the backup is known to be lost from now on (`contract.Store.lost`). `now`: Unix seconds.
    Raises StoreCorrupt or StoreNewer when the backup can't be used, and StoreLocked while a service has `target`
    open.
    """
    saved, target = saved.resolve(), target.resolve()
    part = target.with_name(target.name + _PART)
    try:
        check(saved)
        files.check_place(target)
        held = files.hold_open(target, alone=True)
        try:
            _copy(saved, part)
            _begin_anew(part, target, int(time.time() if now is None else now))
            kept = _set_aside(target)
            part.replace(target)
            files.sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
            os.close(held)
    except (sqlite3.Error, OSError) as error:
        raise translated(error, target) from error
    return kept


def check(path: Path) -> schema.Header:
    """The header of a store's file, after reading every page of it. Raises StoreCorrupt and StoreNewer."""
    try:
        with closing(_open_to_read(path)) as connection:
            if schema.version_of(connection, path) == 0:
                raise StoreCorrupt(f"{path} is empty")
            header = schema.read_header(connection, path)
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise translated(error, path) from error
    if verdict != "ok":
        raise StoreCorrupt(f"{path} is damaged ({verdict}): use another backup")
    return header


def _open_to_read(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StoreUnavailable(f"there is no file {path}")
    return connect_reader(path, _PATIENCE)


def _check_folder(target: Path) -> None:
    if not target.parent.is_dir():
        raise StoreUnavailable(f"there is no folder {target.parent}")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise StoreUnavailable(f"nothing may be written into the folder {target.parent}")


def _refuse_to_overwrite(target: Path) -> None:
    if target.exists():
        raise StoreUnavailable(f"{target} exists already: name a new file")


def _copy(source: Path, part: Path) -> None:
    """All pages in one step, which is one snapshot; then a single durable file without a log beside it."""
    part.unlink(missing_ok=True)  # what an interrupted copy left
    with closing(_open_to_read(source)) as reading:
        if schema.version_of(reading, source) == 0:
            raise StoreCorrupt(f"{source} is empty")
        files.create(part)
        with closing(sqlite3.connect(part)) as writing:
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode = DELETE")
    files.sync_file(part)


def _begin_anew(part: Path, target: Path, now: int) -> None:
    """Bring the copy to today's schema, and its counters behind all that the old file may have taken."""
    taken = 0
    with suppress(sqlite3.Error, StoreError), closing(_open_to_read(target)) as old:
        taken = lost.highest(old)
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        schema.prepare(copy, part, None, now)
        lost.begin_anew(copy, now, taken)
    files.sync_file(part)


def _set_aside(target: Path) -> Path | None:
    """Give the old file a second name, and its log, if closing left one, the matching new name.

    The target's own name is never missing: a service started after a crash in between finds a store.
    """
    if not target.exists():
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(target)) as old:  # a damaged one is kept as it is
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = target.with_name(f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    kept.hardlink_to(target)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            target.with_name(target.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept
