"""The embedded engine: one SQLite file in WAL mode, one machine, many processes."""

from __future__ import annotations

from consent_service.store.sqlite.backup import backup, restore
from consent_service.store.sqlite.engine import SqliteStore

__all__ = ["SqliteStore", "backup", "restore"]
