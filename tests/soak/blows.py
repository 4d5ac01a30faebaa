"""Blows: what is done to services and servers while visitors choose, and undone again.

Each is a context: on the way in it strikes, on the way out it heals what does not heal by itself and waits until
everything stands as before. Redis's servers are started in the main thread: they go with the thread that did.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tests.soak.serving import WORK, WORKER, Server
from tests.support.processes import signal_all
from tests.support.redis.cuttable_cluster import NODE_TIMEOUT, CuttableCluster
from tests.support.redis.fleets import Fleet, Standalone
from tests.support.redis.server import Server as RedisServer

_COHERENT: Final = 1.0
"""Seconds in which one process's cache must learn of another's commit (design section 5)."""

_ROOM: Final = 4096
"""Bytes left in a full file: all that is written behind them is refused."""


@dataclass(frozen=True)
class Scene:
    """Two services of one worker each on one store; `fleet`: the servers of a store that has some."""

    services: Sequence[Server]
    fleet: Fleet | None = None
    chance: random.Random = field(default_factory=random.Random)

    def service(self) -> Server:
        return self.chance.choice(self.services)

    async def master(self) -> RedisServer:
        return self.chance.choice(await self.masters())

    async def masters(self) -> list[RedisServer]:
        """All of them, once every one has its replicas."""
        assert self.fleet is not None, "this store has no servers"
        return await asyncio.to_thread(self.fleet.masters)


Hit = Callable[[Scene], AbstractAsyncContextManager[None]]


class Blow(NamedTuple):
    """`outlived`: choices are taken again while it lasts. `bound`: seconds after the acknowledgement for which
    another process than the one that gave it may say `allowed`.
    """

    name: str
    hit: Hit
    outlived: bool = False
    bound: float = _COHERENT


@asynccontextmanager
async def _service_killed(scene: Scene) -> AsyncIterator[None]:
    victim = scene.service()
    await asyncio.to_thread(victim.kill)
    yield
    await asyncio.to_thread(victim.start)


@asynccontextmanager
async def _work_process_killed(scene: Scene) -> AsyncIterator[None]:
    victim = scene.service()
    await asyncio.to_thread(victim.kill_these, victim.pids(WORK)[:1])
    yield
    await asyncio.to_thread(victim.wait_until_ready)


@asynccontextmanager
async def _worker_stopped(scene: Scene) -> AsyncIterator[None]:
    stopped = scene.service().pids(WORKER)
    signal_all(stopped, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(stopped, signal.SIGCONT)


@asynccontextmanager
async def _file_full(scene: Scene) -> AsyncIterator[None]:
    """Whatever the workers write is refused, as on a full disk."""
    workers = [pid for service in scene.services for pid in service.pids(WORKER)]
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    for pid in workers:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_ROOM, most))
    try:
        yield
    finally:
        for pid in workers:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@asynccontextmanager
async def _master_killed(scene: Scene) -> AsyncIterator[None]:
    master = await scene.master()
    master.kill()
    try:
        yield
    finally:
        master.start()
        await scene.masters()


@asynccontextmanager
async def _master_killed_and_started_at_once(scene: Scene) -> AsyncIterator[None]:
    """Before the others know: it comes back as a master and must have everything."""
    async with _master_killed(scene):
        pass
    yield


@asynccontextmanager
async def _master_stopped(scene: Scene) -> AsyncIterator[None]:
    """Longer than the node time-out: in a cluster another is elected, and the old one wakes up as if nothing was."""
    master = await scene.master()
    os.kill(master.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(master.pid, signal.SIGCONT)
        await scene.masters()


@asynccontextmanager
async def _master_partitioned(scene: Scene) -> AsyncIterator[None]:
    """From services and from the other nodes."""
    async with _cut_off(scene, clients=True):
        yield


@asynccontextmanager
async def _master_cut_off_with_clients(scene: Scene) -> AsyncIterator[None]:
    """From the other nodes alone: whoever asks it is on the minority's side."""
    async with _cut_off(scene, clients=False):
        yield


@asynccontextmanager
async def _cut_off(scene: Scene, *, clients: bool) -> AsyncIterator[None]:
    assert isinstance(scene.fleet, CuttableCluster)
    scene.fleet.cut_off(await scene.master(), clients=clients)
    try:
        yield
    finally:
        scene.fleet.join()
        await scene.masters()


@asynccontextmanager
async def _server_out_of_reach(scene: Scene) -> AsyncIterator[None]:
    master = await scene.master()
    master.hide()
    try:
        yield
    finally:
        master.show()


@asynccontextmanager
async def _disk_full(scene: Scene) -> AsyncIterator[None]:
    """The append-only file may not grow. A server that must write it before it answers ends of itself."""
    master = await scene.master()
    master.full(room=_ROOM)
    if isinstance(scene.fleet, Standalone):
        await asyncio.to_thread(master.ended)
    try:
        yield
    finally:
        if isinstance(scene.fleet, Standalone):
            master.start()
        else:
            master.full(room=None)
        await scene.masters()


_SERVICE: Final = Blow("`kill -9` of a service", _service_killed)
_WORK: Final = Blow("of the work process", _work_process_killed, outlived=True)

BLOWS: Final[dict[str, list[Blow]]] = {
    "SQLite": [
        _SERVICE,
        _WORK,
        Blow("a worker stopped for 4 s", _worker_stopped),
        Blow("full disk", _file_full),
    ],
    "standalone": [
        Blow("`kill -9` of the server", _master_killed),
        _SERVICE,
        _WORK,
        Blow("the server stopped for 4 s", _master_stopped),
        Blow("the server out of reach", _server_out_of_reach),
        Blow("full disk", _disk_full),
    ],
    "cluster": [
        Blow("`kill -9` of a master, failover", _master_killed, outlived=True),
        Blow("`kill -9`, started at once", _master_killed_and_started_at_once),
        _SERVICE,
        _WORK,
        Blow("a master stopped, failover, woken", _master_stopped, outlived=True),
        Blow("a master partitioned, failover", _master_partitioned, outlived=True),
        Blow(
            "the same, clients on its side",
            _master_cut_off_with_clients,
            outlived=True,
            bound=NODE_TIMEOUT,
        ),
        Blow("full disk", _disk_full),
    ],
}
"""For each store what it must stand."""
