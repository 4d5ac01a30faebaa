"""Engines: the registry of what can hold a store. The scheme of a store's URL chooses the row.

Nobody outside `store/` asks which engine a URL names: whatever differs between engines is a method of `Engine`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol

from consent_service.errors import StoreUnavailable
from consent_service.store.contract import Store
from consent_service.store.status import Examiner
from consent_service.store.transfer.records import CopySource, CopyTarget
from consent_service.store.transfer.store_copy import ShardProgress, show_nothing

Clock = Callable[[], float]
"""Return the time in Unix seconds; it decides what has expired."""


class Engine(Protocol):
    """One kind of store. Every method takes the store's URL and raises StoreError.

    `backup` and `restore` block until they are done: call them outside of event loops.
    """

    def open_store(self, url: str, *, relaxed: bool, clock: Clock) -> Store:
        """Open the store for a service. `relaxed` accepts servers that may lose what they acknowledged."""

    def examine(self, url: str, clock: Clock) -> Examiner:
        """Return an examiner of the store that writes nothing."""

    def public_name(self, url: str) -> str:
        """Return the URL without user, password and options; that of a file with its whole path."""

    def local_file(self, url: str) -> Path | None:
        """Return the file that holds the store on this machine, or None for a store on servers."""

    def source(self, url: str) -> AbstractAsyncContextManager[CopySource]:
        """Open the store to be copied."""

    def target(
        self, url: str, *, relaxed: bool, back: bool = False
    ) -> AbstractAsyncContextManager[CopyTarget]:
        """Open an empty place to copy a store into; `back` also accepts the store that was moved away from there."""

    def backup(self, url: str, file: Path, progress: ShardProgress = show_nothing) -> None:
        """Write the store into a new file, also while a service has it open."""

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


def engine_of(url: str) -> Engine:
    """Return the engine that the URL's scheme names. Raises StoreUnavailable for any other URL."""
    scheme = url.partition("://")[0] if "://" in url else ""
    load_engine = _ENGINES.get(scheme.partition("+")[0])
    if load_engine is None:
        raise StoreUnavailable(
            f'no engine for "{scheme or url}" stores: give a URL such as sqlite:///consent.db or redis://host:6379/0'
        )
    return load_engine()


def open_store(url: str, *, relaxed: bool = False, clock: Clock = time.time) -> Store:
    """Open the store that the URL names. Raises StoreError with what is wrong and what to do.

    `sqlite:///consent.db` lies in the working folder, `sqlite:////var/lib/consent.db` where it says; Redis's URLs
    are in `redis.address`. `relaxed` accepts servers that may lose what was acknowledged. `clock` gives Unix
    seconds and decides what has expired.
    """
    return engine_of(url).open_store(url, relaxed=relaxed, clock=clock)


def examine_store(url: str, *, clock: Clock = time.time) -> Examiner:
    """Return an examiner, which writes nothing, of the store that the URL names. Raises StoreUnavailable."""
    return engine_of(url).examine(url, clock)


def local_file(url: str) -> Path | None:
    """Return the file that holds the store on this machine, or None for a store on servers."""
    return engine_of(url).local_file(url)


def _sqlite_engine() -> Engine:
    from consent_service.store.sqlite.registration import SqliteEngine

    return SqliteEngine()


def _redis_engine() -> Engine:
    from consent_service.store.redis.registration import RedisEngine  # not needed by a service on one file

    return RedisEngine()


_ENGINES: Final[Mapping[str, Callable[[], Engine]]] = {
    "sqlite": _sqlite_engine,
    "redis": _redis_engine,
    "rediss": _redis_engine,
}
