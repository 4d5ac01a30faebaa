"""URLs: from a store's URL to an open engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from consent_service.errors import StoreUnavailable
from consent_service.store.contract import Store
from consent_service.store.examining import Examiner
from consent_service.store.sqlite import SqliteStore

_SQLITE: Final = "sqlite:///"
_REDIS: Final = frozenset({"redis", "rediss"})


def open_store(url: str, *, relaxed: bool = False, clock: Callable[[], float] = time.time) -> Store:
    """Open the store that the URL names. Raises StoreError with what is wrong and what to do.

    `sqlite:///consent.db` lies in the working folder, `sqlite:////var/lib/consent.db` where it says; Redis's URLs
    are in `redis.address`. `relaxed` accepts servers that may lose what was acknowledged. `clock` gives Unix
    seconds and decides what has expired.
    """
    if is_redis(url):
        from consent_service.store.redis import RedisStore  # not needed by a service on one file

        return RedisStore.open(url, relaxed=relaxed, clock=clock)
    return SqliteStore.open(sqlite_path(url), clock=clock)


def examine_store(url: str, *, clock: Callable[[], float] = time.time) -> Examiner:
    """Whoever looks at the store that the URL names without writing. Raises StoreUnavailable for no such URL."""
    if is_redis(url):
        from consent_service.store.redis.examining import RedisExaminer

        return RedisExaminer(url, clock)
    from consent_service.store.sqlite.examining import SqliteExaminer

    return SqliteExaminer(sqlite_path(url), clock)


def is_redis(url: str) -> bool:
    """Whether the URL names servers rather than a file."""
    return _scheme(url).partition("+")[0] in _REDIS


def sqlite_path(url: str) -> Path:
    """The file that a SQLite store's URL names. Raises StoreUnavailable for any other URL."""
    scheme = _scheme(url)
    if is_redis(url):
        raise StoreUnavailable("this works on a SQLite store's file alone")
    if scheme != "sqlite":
        raise StoreUnavailable(
            f'no engine for "{scheme or url}" stores: give a URL such as sqlite:///consent.db or redis://host:6379/0'
        )
    name = unquote(url.removeprefix(_SQLITE))
    if not url.startswith(_SQLITE) or not name or "\0" in name:
        raise StoreUnavailable("a SQLite store's URL has three slashes and a file: sqlite:///consent.db")
    return Path(name)


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return scheme if separator else ""
