"""Opened store: from a target to servers that were found and checked, with the store's header.

It happens in an event loop of its own, because the store is opened where nothing can be awaited. The result
is plain data, from which routers of any loop are made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

from hiredis import HiredisError

from consent_service.errors import StoreError, StoreTimeout, StoreUnavailable
from consent_service.store.redis.address import Address, ServerKind, StoreAddress
from consent_service.store.redis.channel import CONNECT_TIMEOUT
from consent_service.store.redis.connection import Login
from consent_service.store.redis.faults import unreachable_error
from consent_service.store.redis.handshake import ChannelPurpose, Handshake
from consent_service.store.redis.router import Router
from consent_service.store.redis.store_header import StoreState, prepare_header
from consent_service.store.redis.topology import Topology

OLDEST: Final = (7, 0)
"""The first Redis whose scripts say themselves what they may do; every Valkey is newer."""

_TIMEOUT: Final = 5.0
"""Seconds for all of it. A server that is busy for one of them has said nothing against being used."""
_PAUSE: Final = 0.1

_T = TypeVar("_T")


class Servers(NamedTuple):
    """Servers that were found and checked, and how to reach them."""

    name: str
    topology: Topology
    handshake: Handshake
    kind: ServerKind

    def new_router(self) -> Router:
        """Return a router for the running loop."""
        return Router(self.topology, self.handshake, self.kind, self.name)


class OpenedStore(NamedTuple):
    """An opened store: its header and lost values, and its servers."""

    servers: Servers
    state: StoreState

    @property
    def name(self) -> str:
        """Return the store's URL for people."""
        return self.servers.name

    def new_router(self) -> Router:
        """Return a router for the running loop."""
        return self.servers.new_router()


async def open_servers(target: StoreAddress, shards: int | None, now: int, *, relaxed: bool) -> OpenedStore:
    """Find the servers, check that each can be relied on, read the header and return both. Raises StoreError."""

    async def open_once() -> OpenedStore:
        """Return the opened store from one attempt."""
        servers = await _find_and_check(target, relaxed=relaxed)
        router = servers.new_router()
        try:
            return OpenedStore(servers, await prepare_header(router, target.name, shards, now))
        finally:
            await router.close(0)

    return await _in_time(target, open_once)


async def find_servers(target: StoreAddress, *, relaxed: bool) -> Servers:
    """Find the servers, check that each can be relied on and return them, whatever they hold. Raises StoreError."""
    return await _in_time(target, lambda: _find_and_check(target, relaxed=relaxed))


async def _in_time(target: StoreAddress, attempt: Callable[[], Awaitable[_T]]) -> _T:
    """Return the result of the attempt; repeat it while its only fault is that nobody replies."""
    last = ""
    try:
        async with asyncio.timeout(_TIMEOUT):
            while True:
                try:
                    return await attempt()
                except StoreError as error:
                    if not _is_unanswered(error):
                        raise
                    last = f": {error}"
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        raise StoreTimeout(f"{target.name} did not answer within {_TIMEOUT} s{last}") from None


def _is_unanswered(error: StoreError) -> bool:
    """Return True for an error that may pass in a moment: a busy server, a replica that is catching up."""
    return isinstance(error, StoreTimeout) or isinstance(error.__cause__, TimeoutError)


async def _find_and_check(target: StoreAddress, *, relaxed: bool) -> Servers:
    login, topology = way_to(target)
    handshake = Handshake(login, target.kind, relaxed=relaxed)
    await topology.refresh_map()
    if not topology.slot_map.is_whole:
        raise StoreUnavailable(f"{target.name} has slots that no node serves: mend the cluster")
    for master in topology.slot_map.masters:
        await _check_server(handshake, master)
    return Servers(target.name, topology, handshake, target.kind)


def way_to(target: StoreAddress) -> tuple[Login, Topology]:
    """Return the credentials, and the topology that knows whom to ask. Raises StoreUnavailable for unusable
    certificates.
    """
    context = target.tls_context()
    login = Login(context, target.user, target.password, target.database)
    sentinels = [Login(context, target.user, target.password, 0)] if target.password else []
    return login, Topology(target, login, [*sentinels, Login(context, "", "", 0)])


def is_supported(version: str) -> bool:
    """Return True if a server of this version can hold a store."""
    return tuple(map(int, version.split(".")[:2])) >= OLDEST


async def _check_server(handshake: Handshake, master: Address) -> None:
    """Check that the server is new enough and, by a handshake for writing, that it keeps what it acknowledges."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            version = await _server_version(handshake, master)
        if not is_supported(version):
            raise StoreUnavailable(f"{master} runs version {version}: 7.0 or newer is needed")
        async with asyncio.timeout(CONNECT_TIMEOUT):
            result = await handshake.open_connection(master, ChannelPurpose.WRITE, _ignore_end)
        await result.connection.close()
    except (OSError, HiredisError) as error:
        raise unreachable_error(error, master) from error


async def _server_version(handshake: Handshake, master: Address) -> str:
    result = await handshake.open_connection(master, ChannelPurpose.LOOK_UP, _ignore_end)
    try:
        info = str((await result.connection.ask("INFO", "server")).decode())
    finally:
        await result.connection.close()
    return next(line.partition(":")[2] for line in info.splitlines() if line.startswith("redis_version:"))


def _ignore_end() -> None:
    """Do nothing: nobody waits for these connections to end."""
