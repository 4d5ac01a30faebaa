"""Opening: from a target to servers that were found, checked and asked what they hold.

It happens in an event loop of its own, because the store is opened where none may be waited for; what it
finds is plain data that networks of any loop are made from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

from hiredis import HiredisError

from consent_service.errors import StoreError, StoreTimeout, StoreUnavailable
from consent_service.store.redis.address import Address, Kind, Target
from consent_service.store.redis.connection import Login
from consent_service.store.redis.faults import unreachable
from consent_service.store.redis.greeting import Greeter, Purpose
from consent_service.store.redis.guide import Guide
from consent_service.store.redis.header import Known, prepare
from consent_service.store.redis.line import CONNECT_PATIENCE
from consent_service.store.redis.network import Network

OLDEST: Final = (7, 0)
"""The first Redis whose scripts say themselves what they may do; every Valkey is newer."""

_PATIENCE: Final = 5.0
"""Seconds for all of it. A server that is busy for one of them has said nothing against being used."""
_PAUSE: Final = 0.1

_T = TypeVar("_T")


class Servers(NamedTuple):
    """Servers that were found and checked, and how to reach them."""

    name: str
    guide: Guide
    greeter: Greeter
    kind: Kind

    def network(self) -> Network:
        """A network for the running loop."""
        return Network(self.guide, self.greeter, self.kind, self.name)


class Opened(NamedTuple):
    """An opened store: what it says of itself, and its servers."""

    servers: Servers
    known: Known

    @property
    def name(self) -> str:
        return self.servers.name

    def network(self) -> Network:
        """A network for the running loop."""
        return self.servers.network()


async def open_servers(target: Target, shards: int | None, now: int, *, relaxed: bool) -> Opened:
    """Find the servers, check that each can be relied on, and read the header. Raises StoreError."""

    async def opened() -> Opened:
        servers = await _found(target, relaxed=relaxed)
        network = servers.network()
        try:
            return Opened(servers, await prepare(network, target.name, shards, now))
        finally:
            await network.close(0)

    return await _in_time(target, opened)


async def find_servers(target: Target, *, relaxed: bool) -> Servers:
    """Find the servers and check that each can be relied on, whatever they hold. Raises StoreError."""
    return await _in_time(target, lambda: _found(target, relaxed=relaxed))


async def _in_time(target: Target, attempt: Callable[[], Awaitable[_T]]) -> _T:
    """What the attempt comes to; while all that is wrong is that nobody answers, it is made again."""
    last = ""
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    return await attempt()
                except StoreError as error:
                    if not _unanswered(error):
                        raise
                    last = f": {error}"
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        raise StoreTimeout(f"{target.name} did not answer within {_PATIENCE} s{last}") from None


def _unanswered(error: StoreError) -> bool:
    """Whether it may be otherwise in a moment: a busy server, a replica that is just catching up."""
    return isinstance(error, StoreTimeout) or isinstance(error.__cause__, TimeoutError)


async def _found(target: Target, *, relaxed: bool) -> Servers:
    login, guide = way_to(target)
    greeter = Greeter(login, target.kind, relaxed=relaxed)
    await guide.look()
    if not guide.map.whole:
        raise StoreUnavailable(f"{target.name} has slots that no node serves: mend the cluster")
    for master in guide.map.masters:
        await _check(greeter, master)
    return Servers(target.name, guide, greeter, target.kind)


def way_to(target: Target) -> tuple[Login, Guide]:
    """How to be let in, and whom to ask for the masters. Raises StoreUnavailable for unusable certificates."""
    context = target.context()
    login = Login(context, target.user, target.password, target.database)
    sentinels = [Login(context, target.user, target.password, 0)] if target.password else []
    return login, Guide(target, login, [*sentinels, Login(context, "", "", 0)])


def supported(version: str) -> bool:
    """Whether a server of this version can hold a store."""
    return tuple(map(int, version.split(".")[:2])) >= OLDEST


async def _check(greeter: Greeter, master: Address) -> None:
    """That it is new enough and, as a writing connection is greeted, that it keeps what it acknowledges."""
    try:
        async with asyncio.timeout(CONNECT_PATIENCE):
            version = await _version(greeter, master)
        if not supported(version):
            raise StoreUnavailable(f"{master} runs version {version}: 7.0 or newer is needed")
        async with asyncio.timeout(CONNECT_PATIENCE):
            greeted = await greeter.greet(master, Purpose.WRITE, _nothing)
        await greeted.connection.close()
    except (OSError, HiredisError) as error:
        raise unreachable(error, master) from error


async def _version(greeter: Greeter, master: Address) -> str:
    greeted = await greeter.greet(master, Purpose.LOOK_UP, _nothing)
    try:
        info = str((await greeted.connection.ask("INFO", "server")).decode())
    finally:
        await greeted.connection.close()
    return next(line.partition(":")[2] for line in info.splitlines() if line.startswith("redis_version:"))


def _nothing() -> None:
    """Nobody waits for these connections to end."""
