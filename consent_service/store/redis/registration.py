"""The registry's row of Redis and Valkey: servers, named by the URLs that `address` reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

from consent_service.store.redis import endpoints
from consent_service.store.redis.address import parse
from consent_service.store.redis.engine import RedisStore
from consent_service.store.redis.examiner import RedisExaminer
from consent_service.store.transfer.copying import ShardProgress, show_nothing
from consent_service.store.transfer.record_backup import backup_source, restore_target
from consent_service.store.transfer.records import Source, Target


class RedisEngine:
    """`engines.Engine` for servers. A backup is a file of records, each shard as of its own moment."""

    def open_store(self, url: str, *, relaxed: bool, clock: Callable[[], float]) -> RedisStore:
        return RedisStore.open(url, relaxed=relaxed, clock=clock)

    def examine(self, url: str, clock: Callable[[], float]) -> RedisExaminer:
        return RedisExaminer(url, clock)

    def public_name(self, url: str) -> str:
        return parse(url).name

    def local_file(self, url: str) -> Path | None:
        return None

    def source(self, url: str) -> AbstractAsyncContextManager[Source]:
        return endpoints.source(parse(url))

    def target(self, url: str, *, relaxed: bool, back: bool = False) -> AbstractAsyncContextManager[Target]:
        return endpoints.target(parse(url), relaxed=relaxed, back=back)

    def backup(self, url: str, file: Path, progress: ShardProgress = show_nothing) -> None:
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
        asyncio.run(restore_target(file, partial(self.target, url, relaxed=relaxed), progress))
        return None

    async def _backup(self, url: str, file: Path, progress: ShardProgress) -> None:
        async with self.source(url) as source:
            await backup_source(source, file, progress)
