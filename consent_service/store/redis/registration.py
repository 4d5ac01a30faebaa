"""The registry's row of Redis and Valkey: servers, named by the URLs that `address` reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

from consent_service.store.redis import endpoints
from consent_service.store.redis.address import parse_url
from consent_service.store.redis.engine import RedisStore
from consent_service.store.redis.examiner import RedisExaminer
from consent_service.store.transfer.record_backup import backup_source, restore_target
from consent_service.store.transfer.records import CopySource, CopyTarget
from consent_service.store.transfer.store_copy import ShardProgress, show_nothing


class RedisEngine:
    """`engines.Engine` for servers. A backup is a file of records, each shard as of its own moment."""

    def open_store(self, url: str, *, relaxed: bool, clock: Callable[[], float]) -> RedisStore:
        """Open the store for a service. `relaxed` accepts servers that may lose what they acknowledged."""
        return RedisStore.open(url, relaxed=relaxed, clock=clock)

    def examine(self, url: str, clock: Callable[[], float]) -> RedisExaminer:
        """Return an examiner of the store that writes nothing."""
        return RedisExaminer(url, clock)

    def public_name(self, url: str) -> str:
        """Return the URL without user, password and options; that of a file with its whole path."""
        return parse_url(url).name

    def local_file(self, url: str) -> Path | None:
        """Return the file that holds the store on this machine, or None for a store on servers."""
        return None

    def source(self, url: str) -> AbstractAsyncContextManager[CopySource]:
        """Open the store to be copied."""
        return endpoints.open_source(parse_url(url))

    def target(
        self, url: str, *, relaxed: bool, back: bool = False
    ) -> AbstractAsyncContextManager[CopyTarget]:
        """Open an empty place to copy a store into; `back` also accepts the store that was moved away from there."""
        return endpoints.open_target(parse_url(url), relaxed=relaxed, back=back)

    def backup(self, url: str, file: Path, progress: ShardProgress = show_nothing) -> None:
        """Write the store into a new file, also while a service has it open."""
        asyncio.run(self._backup(url, file, progress))

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
        asyncio.run(restore_target(file, partial(self.target, url, relaxed=relaxed), progress))
        return None

    async def _backup(self, url: str, file: Path, progress: ShardProgress) -> None:
        async with self.source(url) as source:
            await backup_source(source, file, progress)
