"""The engine: opens the store, keeps one router for the loop that it is used in, and answers the contract."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from typing import Final

from consent_service.errors import StoreMoved, StoreUnavailable
from consent_service.store.contract import Change, Changes, Document, Key, KeyedDocuments, Member, Page
from consent_service.store.redis import commits, layout, scans, walking
from consent_service.store.redis.address import parse
from consent_service.store.redis.connection import pack
from consent_service.store.redis.handshake import Purpose
from consent_service.store.redis.header import Header
from consent_service.store.redis.invalidation import Invalidation
from consent_service.store.redis.layout import HEADER_SLOT, shard_keys
from consent_service.store.redis.opening import OpenedStore, open_servers
from consent_service.store.redis.router import Router

_CLOSING_TIMEOUT: Final = 5.0
"""Seconds that closing waits for what is on its way."""

Clock = Callable[[], float]


class RedisStore:
    """`contract.Store` over Redis. Many processes on many machines may have the same store open."""

    def __init__(self, opened: OpenedStore, clock: Clock) -> None:
        self._opened = opened
        self._clock = clock
        self._invalidation = Invalidation(opened.name)
        self._moved: StoreMoved | None = None  # once it was seen: what is read here may be out of date
        self._routers: list[Router] = []  # the running loop's, or none
        self._committing = 0
        self._quiet = asyncio.Event()
        self._closed = False

    @classmethod
    def open(
        cls, url: str, *, shards: int | None = None, relaxed: bool = False, clock: Clock = time.time
    ) -> RedisStore:
        """Open the store that the URL names, made when there is none there.

        `shards` None takes the store's own number (64 for a new one); `relaxed` accepts servers that may lose
        what was acknowledged. Waits for the servers, at most a few seconds, also within a running event loop.
        Raises the StoreError that says what is wrong and what to do.
        """
        target = parse(url)
        with ThreadPoolExecutor(1, "store-opener") as thread:
            return cls(
                thread.submit(
                    asyncio.run, open_servers(target, shards, int(clock()), relaxed=relaxed)
                ).result(),
                clock,
            )

    @property
    def header(self) -> Header:
        return self._opened.known.header

    @property
    def shards(self) -> int:
        return self.header.shards

    @property
    def waiting(self) -> int:
        """Changes on their way in this process."""
        return self._committing

    def lost(self, shard: str, version: int) -> bool:
        return self._opened.known.lost.holds(shard, version)

    async def get(self, keys: Sequence[Key]) -> list[Document | None]:
        if self._moved is not None:
            raise StoreMoved(str(self._moved))
        router = self._router()
        if len(keys) == 1:
            where = shard_keys(keys[0].shard)
            command = pack(b"GET", where.document(keys[0].name))
            return [layout.document(await router.ask(Purpose.LOOK_UP, where.slot, command), self._clock())]
        return await _get_many(router, keys, self._clock())

    async def commit(self, change: Change) -> int:
        """A change whose caller gives up is done all the same once it was sent."""
        router = self._router()
        self._committing += 1
        try:
            return await _commit(router, change, self._clock(), self.header.floor, self._opened.name)
        finally:
            self._committing -= 1
            if self._closed and not self._committing:
                self._quiet.set()

    async def read(self, log: str, shards: Sequence[str], after: str, limit: int) -> Page:
        return await scans.read(self._router(), log, shards, after, limit, self.lost)

    async def range(
        self,
        shard: str,
        index: bytes,
        low: int,
        high: int,
        *,
        after: Member | None = None,
        limit: int = 100,
        reverse: bool = False,
    ) -> list[Member]:
        return await scans.members(self._router(), shard, index, (low, high), after, limit, reverse)

    async def count(self, shard: str, index: bytes, low: int, high: int) -> int:
        return await scans.count(self._router(), shard, index, low, high)

    def walk(self, shards: Sequence[str], prefix: bytes) -> AsyncIterator[KeyedDocuments]:
        return walking.walk(self._router(), self._opened.name, shards, prefix, self._clock)

    async def changed(self, since: int | None) -> Changes:
        router = self._router()
        try:
            changes = await self._invalidation.changed(router, since)
        except StoreMoved as error:
            self._moved = error
            raise
        self._moved = None
        return changes

    async def check_writable(self, shards: Sequence[str]) -> None:
        router = self._router()
        by_master = {router.master(where.slot): where for where in map(shard_keys, shards)}
        await scans.all_of(
            router.ask(Purpose.WRITE, where.slot, pack(b"SETRANGE", where.nothing, 0, b""))
            for where in by_master.values()
        )

    async def close(self) -> None:
        """Finish what was begun and let go of the servers. Afterwards every method raises StoreUnavailable."""
        if self._closed:
            return
        self._closed = True
        if self._committing and self._routers and self._routers[0].loop is asyncio.get_running_loop():
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_TIMEOUT):
                    await self._quiet.wait()
        for router in self._routers:
            if router.loop is asyncio.get_running_loop():
                await router.close(_CLOSING_TIMEOUT)

    def _router(self) -> Router:
        if self._closed:
            raise StoreUnavailable(f"{self._opened.name} was closed")
        if not self._routers or self._routers[0].loop is not asyncio.get_running_loop():
            self._routers = [self._opened.router()]
        return self._routers[0]


async def _commit(router: Router, change: Change, now: float, floor: int, name: str) -> int:
    where = shard_keys(change.shard)
    command = commits.command(change, where, now, floor=None)
    value = commits.outcome(await router.ask(Purpose.WRITE, where.slot, command), change.shard, name)
    if value is not None:
        return value
    # The shard is new: whoever asks what changed must know of it before anything is written there.
    register = commits.registration(change.shard)
    commits.outcome(await router.ask(Purpose.WRITE, HEADER_SLOT, register), change.shard, name)
    command = commits.command(change, where, now, floor)
    value = commits.outcome(await router.ask(Purpose.WRITE, where.slot, command), change.shard, name)
    assert value is not None  # with a floor the shard may be new
    return value


async def _get_many(router: Router, keys: Sequence[Key], now: float) -> list[Document | None]:
    """One command for each run of keys of one shard."""
    runs = [(shard_keys(shard), [key.name for key in run]) for shard, run in groupby(keys, _shard_of)]
    commands = [pack(b"MGET", *map(where.document, names)) for where, names in runs]
    replies = await scans.all_of(
        router.ask(Purpose.LOOK_UP, where.slot, command)
        for (where, _), command in zip(runs, commands, strict=True)
    )
    return [layout.document(data, now) for reply in replies for data in reply]


def _shard_of(key: Key) -> str:
    return key.shard
