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
from consent_service.store.redis import commits, key_layout, key_walk, scans
from consent_service.store.redis.address import parse_url
from consent_service.store.redis.connection import pack_command
from consent_service.store.redis.handshake import ChannelPurpose
from consent_service.store.redis.invalidation import Invalidation
from consent_service.store.redis.key_layout import HEADER_SLOT, shard_keys
from consent_service.store.redis.opened_store import OpenedStore, open_servers
from consent_service.store.redis.router import Router
from consent_service.store.redis.store_header import RedisHeader

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
        """Open the store that the URL names; make it when there is none.

        `shards` None takes the store's own number (64 for a new one); `relaxed` accepts servers that may lose
        what was acknowledged. Waits for the servers, at most a few seconds, also within a running event loop.
        Raises the StoreError that says what is wrong and what to do.
        """
        target = parse_url(url)
        with ThreadPoolExecutor(1, "store-opener") as thread:
            return cls(
                thread.submit(
                    asyncio.run, open_servers(target, shards, int(clock()), relaxed=relaxed)
                ).result(),
                clock,
            )

    @property
    def header(self) -> RedisHeader:
        """Return the header as it was when the store was opened."""
        return self._opened.state.header

    @property
    def shards(self) -> int:
        """Number of visitor shards of each site."""
        return self.header.shards

    @property
    def waiting(self) -> int:
        """Return the number of this process's commits that are under way."""
        return self._committing

    def is_lost(self, shard: str, version: int) -> bool:
        """Return True if this value of the shard's counter was lost by a restoration."""
        return self._opened.state.lost.is_lost(shard, version)

    async def get(self, keys: Sequence[Key]) -> list[Document | None]:
        """Return the documents in the order asked; None for those that are absent or have expired."""
        if self._moved is not None:
            raise StoreMoved(str(self._moved))
        router = self._router()
        if len(keys) == 1:
            where = shard_keys(keys[0].shard)
            command = pack_command(b"GET", where.document_key(keys[0].name))
            return [
                key_layout.unpack_document(
                    await router.ask_slot(ChannelPurpose.LOOK_UP, where.slot, command), self._clock()
                )
            ]
        return await _get_many(router, keys, self._clock())

    async def commit(self, change: Change) -> int:
        """Commit the change and return its counter value. Once sent, it is done even if its caller gives up."""
        router = self._router()
        self._committing += 1
        try:
            return await _commit(router, change, self._clock(), self.header.floor, self._opened.name)
        finally:
            self._committing -= 1
            if self._closed and not self._committing:
                self._quiet.set()

    async def read(self, log: str, shards: Sequence[str], after: str, limit: int) -> Page:
        """Return at most `limit` entries of the log after the cursor. Raises CursorInvalid, CursorExpired."""
        return await scans.read_log(self._router(), log, shards, after, limit, self.is_lost)

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
        """Return members of the index with low <= score <= high, ordered by (score, member)."""
        return await scans.range_members(self._router(), shard, index, (low, high), after, limit, reverse)

    async def count(self, shard: str, index: bytes, low: int, high: int) -> int:
        """Return the number of members with low <= score <= high."""
        return await scans.count_members(self._router(), shard, index, low, high)

    def walk(self, shards: Sequence[str], prefix: bytes) -> AsyncIterator[KeyedDocuments]:
        """Yield every document of these shards whose name begins with `prefix`, in batches, in any order."""
        return key_walk.walk_documents(self._router(), self._opened.name, shards, prefix, self._clock)

    async def changed_since(self, since: int | None) -> Changes:
        """Return the keys that may have been written since the mark; None asks for the present mark alone."""
        router = self._router()
        try:
            changes = await self._invalidation.changed(router, since)
        except StoreMoved as error:
            self._moved = error
            raise
        self._moved = None
        return changes

    async def check_writable(self, shards: Sequence[str]) -> None:
        """Return if a commit to any of these shards would be taken now. Raises the error with which it would fail."""
        router = self._router()
        by_master = {router.master_of(where.slot): where for where in map(shard_keys, shards)}
        await scans.all_of(
            router.ask_slot(
                ChannelPurpose.WRITE, where.slot, pack_command(b"SETRANGE", where.nothing_key, 0, b"")
            )
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
            self._routers = [self._opened.new_router()]
        return self._routers[0]


async def _commit(router: Router, change: Change, now: float, floor: int, name: str) -> int:
    where = shard_keys(change.shard)
    command = commits.commit_command(change, where, now, floor=None)
    value = commits.commit_outcome(
        await router.ask_slot(ChannelPurpose.WRITE, where.slot, command), change.shard, name
    )
    if value is not None:
        return value
    # The shard is new: whoever asks what changed must know of it before anything is written there.
    register = commits.register_command(change.shard)
    commits.commit_outcome(
        await router.ask_slot(ChannelPurpose.WRITE, HEADER_SLOT, register), change.shard, name
    )
    command = commits.commit_command(change, where, now, floor)
    value = commits.commit_outcome(
        await router.ask_slot(ChannelPurpose.WRITE, where.slot, command), change.shard, name
    )
    assert value is not None  # with a floor the shard may be new
    return value


async def _get_many(router: Router, keys: Sequence[Key], now: float) -> list[Document | None]:
    """Return the documents in order, by one command for each run of keys of one shard."""
    runs = [(shard_keys(shard), [key.name for key in run]) for shard, run in groupby(keys, _shard_of)]
    commands = [pack_command(b"MGET", *map(where.document_key, names)) for where, names in runs]
    replies = await scans.all_of(
        router.ask_slot(ChannelPurpose.LOOK_UP, where.slot, command)
        for (where, _), command in zip(runs, commands, strict=True)
    )
    return [key_layout.unpack_document(data, now) for reply in replies for data in reply]


def _shard_of(key: Key) -> str:
    return key.shard
