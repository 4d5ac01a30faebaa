"""URLs: from a store's URL to an open engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from consent_service.errors import StoreUnavailable
from consent_service.store.contract import Store
from consent_service.store.sqlite import SqliteStore

_SQLITE: Final = "sqlite:///"


def open_store(url: str, *, clock: Callable[[], float] = time.time) -> Store:
    """Open the store that the URL names. Raises StoreError with what is wrong and what to do.

    `sqlite:///consent.db` lies in the working folder, `sqlite:////var/lib/consent.db` where it says. `clock`
    gives Unix seconds and decides what has expired.
    """
    return SqliteStore.open(sqlite_path(url), clock=clock)


def sqlite_path(url: str) -> Path:
    """The file that a SQLite store's URL names. Raises StoreUnavailable for any other URL."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme != "sqlite":
        raise StoreUnavailable(f'no engine for "{scheme}" stores: give a URL such as sqlite:///consent.db')
    name = unquote(url.removeprefix(_SQLITE))
    if not url.startswith(_SQLITE) or not name or "\0" in name:
        raise StoreUnavailable("a SQLite store's URL has three slashes and a file: sqlite:///consent.db")
    return Path(name)
