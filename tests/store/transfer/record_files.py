"""Backups as files of records, of either engine: the same way that servers are backed up, also for a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from consent_service.store.engines import engine_of
from consent_service.store.transfer.record_backup import backup_source, restore_target
from consent_service.store.transfer.store_copy import ShardProgress, show_nothing


async def backup_records(url: str, file: Path) -> int:
    """Back up the store at `url` as a file of records; return the number of its shards."""
    async with engine_of(url).source(url) as source:
        return await backup_source(source, file)


async def restore_records(file: Path, url: str, progress: ShardProgress = show_nothing) -> int:
    """Restore a file of records into the empty place at `url`; return the number of its shards."""
    return await restore_target(file, partial(engine_of(url).target, url, relaxed=False), progress)
