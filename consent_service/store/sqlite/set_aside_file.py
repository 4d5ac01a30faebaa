"""Set aside a store's file, so that another one can take its name."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from consent_service.errors import StoreCorrupt
from consent_service.store.sqlite.faults import RAISED, translated_error

_SUFFIXES: Final = ("-wal", "-shm", "-journal")


def set_aside(target: Path) -> Path | None:
    """Give the store's file a second name, and its log the matching one; return the name, or None without a file.

    The target's own name is never missing: a service started after a crash in between finds a store. Nobody may
    have the store open. Raises what keeps its log from being copied into it first.
    """
    if not target.exists():
        return None
    try:
        with closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except RAISED as error:
        if not isinstance(translated_error(error, target), StoreCorrupt):
            raise
        # A damaged one is kept as it is, its log beside it.
    replaced = target.with_name(f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    replaced.hardlink_to(target)
    for suffix in _SUFFIXES:
        with suppress(FileNotFoundError):
            target.with_name(target.name + suffix).rename(replaced.with_name(replaced.name + suffix))
    return replaced
