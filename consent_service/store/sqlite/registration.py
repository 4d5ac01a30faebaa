"""The registry's row of SQLite: one file, named by a `sqlite:///` URL."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from consent_service.errors import StoreUnavailable
from consent_service.store.sqlite import endpoints, file_backup
from consent_service.store.sqlite.engine import SqliteStore
from consent_service.store.sqlite.examiner import SqliteExaminer
from consent_service.store.transfer.records import CopySource, CopyTarget
from consent_service.store.transfer.store_copy import ShardProgress, show_nothing

_PREFIX: Final = "sqlite:///"


def sqlite_path(url: str) -> Path:
    """Return the file that a SQLite store's URL names. Raises StoreUnavailable for any other URL."""
    name = unquote(url.removeprefix(_PREFIX))
    if not url.startswith(_PREFIX) or not name or "\0" in name:
        raise StoreUnavailable("a SQLite store's URL has three slashes and a file: sqlite:///consent.db")
    return Path(name)


class SqliteEngine:
    """`engines.Engine` for one file. A backup is one snapshot of the file, so it shows no progress."""

    def open_store(self, url: str, *, relaxed: bool, clock: Callable[[], float]) -> SqliteStore:
        """Open the store for a service. `relaxed` accepts servers that may lose what they acknowledged."""
        return SqliteStore.open(sqlite_path(url), clock=clock)

    def examine(self, url: str, clock: Callable[[], float]) -> SqliteExaminer:
        """Return an examiner of the store that writes nothing."""
        return SqliteExaminer(sqlite_path(url), clock)

    def public_name(self, url: str) -> str:
        """Return the URL without user, password and options; that of a file with its whole path."""
        return f"{_PREFIX}{sqlite_path(url).resolve()}"

    def local_file(self, url: str) -> Path | None:
        """Return the file that holds the store on this machine, or None for a store on servers."""
        return sqlite_path(url)

    @asynccontextmanager
    async def source(self, url: str) -> AsyncIterator[CopySource]:
        """Open the store to be copied."""
        with endpoints.open_source(sqlite_path(url), int(time.time())) as file:
            yield file

    @asynccontextmanager
    async def target(self, url: str, *, relaxed: bool, back: bool = False) -> AsyncIterator[CopyTarget]:
        """Open an empty place to copy a store into; `back` also accepts the store that was moved away from there."""
        with endpoints.open_target(sqlite_path(url), int(time.time()), back=back) as file:
            yield file

    def backup(self, url: str, file: Path, progress: ShardProgress = show_nothing) -> None:
        """Write the store into a new file, also while a service has it open."""
        file_backup.backup(sqlite_path(url), file)

    def restore(
        self,
        file: Path,
        url: str,
        *,
        relaxed: bool = False,
        unverified: bool = False,
        progress: ShardProgress = show_nothing,
    ) -> Path | None:
        """Put a backup in the store's place; return the name that the replaced file has now, or None."""
        return file_backup.restore(file, sqlite_path(url), unverified=unverified)
