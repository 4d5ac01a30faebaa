"""The engine: opens the store, keeps one network for the loop that it is used in, and answers the contract."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from typing import Final

from consent_service.errors import StoreMoved, StoreUnavailable
from consent_service.store.contract import Change, Changes, Document, Found, Key, Member, Page
from consent_service.store.redis import commits, layout, scans, walking
from consent_service.store.redis.address import parse
from consent_service.store.redis.connection import pack
from consent_service.store.redis.greeting import Purpose
from consent_service.store.redis.header import Header
from consent_service.store.redis.layout import HEADER_SLOT, place
from consent_service.store.redis.marks import Marks
from consent_service.store.redis.network import Network
from consent_service.store.redis.opening import Opened, open_servers

_CLOSING_PATIENCE: Final = 5.0
"""Seconds that closing waits for what is on its way."""

Clock = Callable[[], float]


class RedisStore:
    """`contract.Store` over Redis. Many processes on many machines may have the same store open."""

    def __init__(self, opened: Opened, clock: Clock) -> None:
        self._opened = opened
        self._clock = clock
        self._marks = Marks(opened.name)
        self._moved: StoreMoved | None = None  # once it was seen: what is read here may be out of date
        self._networks: list[Network] = []  # the running loop's, or none
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
        network = self._network()
        if len(keys) == 1:
            where = place(keys[0].shard)
            command = pack(b"GET", where.document(keys[0].name))
            return [layout.document(await network.ask(Purpose.LOOK_UP, where.slot, command), self._clock())]
        return await _get_many(network, keys, self._clock())

    async def commit(self, change: Change) -> int:
        """A change whose caller gives up is done all the same once it was sent."""
        network = self._network()
        self._committing += 1
        try:
            return await _commit(network, change, self._clock(), self.header.floor, self._opened.name)
        finally:
            self._committing -= 1
            if self._closed and not self._committing:
                self._quiet.set()

    async def read(self, log: str, shards: Sequence[str], after: str, limit: int) -> Page:
        return await scans.read(self._network(), log, shards, after, limit, self.lost)

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
        return await scans.members(self._network(), shard, index, (low, high), after, limit, reverse)

    async def count(self, shard: str, index: bytes, low: int, high: int) -> int:
        return await scans.count(self._network(), shard, index, low, high)

    def walk(self, shards: Sequence[str], prefix: bytes) -> AsyncIterator[Found]:
        return walking.walk(self._network(), self._opened.name, shards, prefix, self._clock)

    async def changed(self, since: int | None) -> Changes:
        network = self._network()
        try:
            changes = await self._marks.changed(network, since)
        except StoreMoved as error:
            self._moved = error
            raise
        self._moved = None
        return changes

    async def check_writable(self, shards: Sequence[str]) -> None:
        network = self._network()
        by_master = {network.master(where.slot): where for where in map(place, shards)}
        await scans.all_of(
            network.ask(Purpose.WRITE, where.slot, pack(b"SETRANGE", where.nothing, 0, b""))
            for where in by_master.values()
        )

    async def close(self) -> None:
        """Finish what was begun and let go of the servers. Afterwards every method raises StoreUnavailable."""
        if self._closed:
            return
        self._closed = True
        if self._committing and self._networks and self._networks[0].loop is asyncio.get_running_loop():
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_PATIENCE):
                    await self._quiet.wait()
        for network in self._networks:
            if network.loop is asyncio.get_running_loop():
                await network.close(_CLOSING_PATIENCE)

    def _network(self) -> Network:
        if self._closed:
            raise StoreUnavailable(f"{self._opened.name} was closed")
        if not self._networks or self._networks[0].loop is not asyncio.get_running_loop():
            self._networks = [self._opened.network()]
        return self._networks[0]


async def _commit(network: Network, change: Change, now: float, floor: int, name: str) -> int:
    where = place(change.shard)
    command = commits.command(change, where, now, floor=None)
    value = commits.outcome(await network.ask(Purpose.WRITE, where.slot, command), change.shard, name)
    if value is not None:
        return value
    # The shard is new: whoever asks what changed must know of it before anything is written there.
    register = commits.registration(change.shard)
    commits.outcome(await network.ask(Purpose.WRITE, HEADER_SLOT, register), change.shard, name)
    command = commits.command(change, where, now, floor)
    value = commits.outcome(await network.ask(Purpose.WRITE, where.slot, command), change.shard, name)
    assert value is not None  # with a floor the shard may be new
    return value


async def _get_many(network: Network, keys: Sequence[Key], now: float) -> list[Document | None]:
    """One command for each run of keys of one shard."""
    runs = [(place(shard), [key.name for key in run]) for shard, run in groupby(keys, _shard_of)]
    commands = [pack(b"MGET", *map(where.document, names)) for where, names in runs]
    replies = await scans.all_of(
        network.ask(Purpose.LOOK_UP, where.slot, command)
        for (where, _), command in zip(runs, commands, strict=True)
    )
    return [layout.document(data, now) for reply in replies for data in reply]


def _shard_of(key: Key) -> str:
    return key.shard
