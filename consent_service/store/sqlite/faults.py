"""Faults: errors of SQLite and the operating system as this project's errors, the engine's one boundary.

The message names the file and says what to do, with the driver's own words where ours can't tell what is wrong.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Final

from consent_service.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreUnavailable,
)
from consent_service.store.causes import cause_of

_PRIMARY: Final = 0xFF
"""An extended result code holds its primary one in the low byte."""

_LOCKED: Final = "another program holds the lock of {path}: close it, or wait until it is done"
_FULL: Final = "no space left for {path}: free some, then try again"
_READ_ONLY: Final = "{path} or its folder can't be written: give this user write access to both"
_CORRUPT: Final = (
    "{path} is damaged or not a SQLite file ({cause}): restore a backup with `consent-service restore`, or name "
    "another file"
)
_UNUSABLE: Final = "{path} can't be used as a store: {cause}"

RAISED: Final = (sqlite3.Error, OSError, UnicodeDecodeError)
"""Exceptions of working on a file; the last where SQLite quotes bytes of the file that are no text."""

_BY_CODE: Final[dict[int, tuple[type[StoreError], str]]] = {
    sqlite3.SQLITE_BUSY: (StoreLocked, _LOCKED),
    sqlite3.SQLITE_LOCKED: (StoreLocked, _LOCKED),
    sqlite3.SQLITE_FULL: (StoreFull, _FULL),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, _READ_ONLY),
    sqlite3.SQLITE_PERM: (StoreReadOnly, _READ_ONLY),
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, _CORRUPT),
    sqlite3.SQLITE_NOTADB: (StoreCorrupt, _CORRUPT),
    sqlite3.SQLITE_TOOBIG: (StoreCorrupt, "{path} holds what is too large to be read: restore a backup"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnavailable,
        "{path} can't be opened ({cause}): see its folder and permissions",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreUnavailable,
        "reading or writing {path} failed ({cause}): see the disk's health",
    ),
    sqlite3.SQLITE_NOMEM: (StoreUnavailable, "no memory left to work on {path}"),
    sqlite3.SQLITE_INTERRUPT: (StoreUnavailable, "the work on {path} was interrupted"),
}
_BY_ERRNO: Final[dict[int, tuple[type[StoreError], str]]] = {
    errno.ENOSPC: (StoreFull, _FULL),
    errno.EDQUOT: (StoreFull, _FULL),
    errno.EROFS: (StoreReadOnly, _READ_ONLY),
    errno.EACCES: (StoreReadOnly, _READ_ONLY),
    errno.EPERM: (StoreReadOnly, _READ_ONLY),
}


def translated_error(error: Exception, path: Path) -> StoreError:
    """Return the store's error for a driver's; a StoreError is returned as it is."""
    if isinstance(error, StoreError):
        return error
    kind, message = _error_kind(error)
    store_error = kind(message.format(path=path, cause=cause_of(error)))
    store_error.__cause__ = error
    return store_error


def is_the_files(error: Exception) -> bool:
    """Return True if the error concerns the file, and so every change alike, not the contents of one change."""
    if isinstance(error, OSError):
        return True
    return isinstance(error, sqlite3.Error) and _primary_code(error) in _BY_CODE


def _error_kind(error: Exception) -> tuple[type[StoreError], str]:
    if isinstance(error, UnicodeDecodeError) or (
        isinstance(error, sqlite3.OperationalError) and not _primary_code(error)
    ):
        return StoreCorrupt, _CORRUPT  # the driver's own: text that is no UTF-8
    if isinstance(error, sqlite3.Error):
        return _BY_CODE.get(_primary_code(error), (StoreError, _UNUSABLE))
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, (StoreUnavailable, "{path} can't be reached: {cause}"))
    return StoreError, _UNUSABLE


def _primary_code(error: sqlite3.Error) -> int:
    """Return the primary result code; 0 where the driver itself refused, as with a value of a wrong type."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY
