"""The embedded engine: one SQLite file in WAL mode, one machine, many processes."""

from __future__ import annotations

from consent_service.store.sqlite.engine import SqliteStore
from consent_service.store.sqlite.file_backup import backup, restore

__all__ = ["SqliteStore", "backup", "restore"]
