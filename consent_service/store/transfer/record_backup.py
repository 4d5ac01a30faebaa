"""Backup of a store on servers into a file of records, and its restoration. Knows no engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from consent_service.store.transfer import backup_file
from consent_service.store.transfer.record_check import verify_source
from consent_service.store.transfer.records import CopySource, CopyTarget
from consent_service.store.transfer.store_copy import ShardProgress, copy_store, show_nothing


async def backup_source(source: CopySource, file: Path, progress: ShardProgress = show_nothing) -> int:
    """Copy the store to a new file while it serves, each shard as of one moment; return the number of shards.

    Raises StoreError.
    """
    with backup_file.open_target(file) as target:
        return await copy_store(source, target, time.time, progress, still=False)


async def restore_target(
    file: Path,
    open_target: Callable[[], AbstractAsyncContextManager[CopyTarget]],
    progress: ShardProgress = show_nothing,
) -> int:
    """Put a backup into an empty place and return the number of shards. Raises StoreError.

    The whole backup is verified before the target is opened. What was committed since the backup is known to be lost.
    """
    with backup_file.open_source(file) as source:
        now = int(time.time())
        digest = await verify_source(source, now)
        async with open_target() as target:
            return await copy_store(source, target, time.time, progress, restored_at=now, saved=digest)
