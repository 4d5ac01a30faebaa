"""Fleets: servers that stand together as one store, and the URL that names them.

Each is started once, when a test first asks for it, and shared: a test gets it empty and reachable.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import ClassVar, Final, Protocol

from tests.support.ports import free_ports
from tests.support.redis.server import HOST, Server, eventually

_ON_DISK: Final = ("save ''", "appendonly yes", "appendfsync always")
_ON_REPLICAS: Final = ("save ''", "appendonly no", "min-replicas-to-write 1", "repl-diskless-sync-delay 0")
PASSWORD: Final = "p@ss/wörd"
MASTER: Final = "choices"
_IN_CLUSTER: Final = ("cluster-enabled yes", "cluster-node-timeout 2000")
_MASTERS: Final = 3


class Fleet(Protocol):
    """Some servers and the store's URL for them. `servers`: all that hold data, masters and replicas."""

    url: str
    servers: list[Server]

    def masters(self) -> list[Server]: ...

    def end(self) -> None:
        """Let go of whatever it has besides servers."""
        return


def empty(fleet: Fleet) -> None:
    """Reachable and without data."""
    for server in fleet.servers:
        server.show()
    for master in fleet.masters():
        master.ask("FLUSHALL", "SYNC")


class Standalone(Fleet):
    """One server that writes everything to its disk before it answers."""

    def __init__(self, *options: str) -> None:
        self.servers = [Server(free_ports(1)[0], *_ON_DISK, *options)]
        self.url = f"redis://{HOST}:{self.servers[0].port}"

    def masters(self) -> list[Server]:
        return self.servers


class Guarded(Standalone):
    """One server that speaks TLS alone, to a user who may do what the service needs and no more."""

    RIGHTS: Final = "+@all -@dangerous -@admin +info +role +config|get"

    def __init__(self) -> None:
        self.servers = [Server(free_ports(1)[0], *_ON_DISK, tls=True)]
        self.certificate = self.servers[0].certificate
        self.servers[0].reserve("steer", "steer")
        self.servers[0].ask(
            *("ACL", "SETUSER", "consent", "on", f">{PASSWORD}", "~{*", "&*", *self.RIGHTS.split())
        )
        self.address = f"{HOST}:{self.servers[0].port}"
        self.url = f"rediss://consent:p%40ss%2Fw%C3%B6rd@{self.address}?ca_file={self.certificate}"


class Watched(Fleet):
    """A master with two replicas, and a Sentinel that puts another in its place."""

    def __init__(self) -> None:
        master_port, *replica_ports, sentinel_port = free_ports(4)
        self.servers = [Server(master_port, *_ON_REPLICAS)]
        self.servers += [Server(p, *_ON_REPLICAS, f"replicaof {HOST} {master_port}") for p in replica_ports]
        eventually(lambda: self._in_step(self.servers[0]))
        self.sentinel = Server(
            sentinel_port,
            f"sentinel monitor {MASTER} {HOST} {master_port} 1",
            f"sentinel down-after-milliseconds {MASTER} 2000",
            f"sentinel failover-timeout {MASTER} 5000",
            sentinel=True,
        )
        self.url = f"redis+sentinel://{HOST}:{sentinel_port}/{MASTER}"
        eventually(lambda: len(self.sentinel.ask("SENTINEL", "REPLICAS", MASTER)) == 2)

    def masters(self) -> list[Server]:
        """Whoever the Sentinel says, once it and all the others agree."""
        agreed = eventually(self._agreed)
        assert agreed is not None  # else it would not have happened
        return [agreed]

    def _agreed(self) -> Server | None:
        _, port = self.sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
        named = next(server for server in self.servers if server.port == int(port))
        return named if self._in_step(named) else None

    def _in_step(self, master: Server) -> bool:
        return online_replicas(master) == len(self.servers) - 1


class Cluster(Fleet):
    """Three masters, a replica each, that acknowledge when all replicas have it."""

    REPLICAS: ClassVar[int] = 1

    def __init__(self) -> None:
        count = _MASTERS * (1 + self.REPLICAS)
        ports = free_ports(2 * count)
        self.servers = [
            Server(port, *_ON_REPLICAS, *_IN_CLUSTER, f"cluster-port {bus}", *self.more(number, port, bus))
            for number, (port, bus) in enumerate(zip(ports[:count], ports[count:], strict=True))
        ]
        first = self.servers[0]
        for server in self.servers[1:]:
            server.ask("CLUSTER", "MEET", HOST, first.port, _bus(first))
            first.ask("CLUSTER", "MEET", HOST, server.port, _bus(server))
        bounds = [0, 5461, 10923, 16384]
        for number, server in enumerate(self.servers[:_MASTERS]):
            server.ask("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        eventually(lambda: all(_sees(server, count) for server in self.servers))
        for master, replica in zip(cycle(self.servers[:_MASTERS]), self.servers[_MASTERS:], strict=False):
            replica.ask("CLUSTER", "REPLICATE", master.ask("CLUSTER", "MYID"))
        eventually(lambda: all(_stands(server) for server in self.servers))
        self.masters()
        self.url = f"redis+cluster://{HOST}:{ports[0]},{HOST}:{ports[4]}"

    def more(self, number: int, port: int, bus: int) -> list[str]:
        """Further lines of this node's configuration."""
        return []

    def masters(self) -> list[Server]:
        """The three that are masters now, once each has its replicas."""
        return eventually(self._paired)

    def _paired(self) -> list[Server]:
        found = [server for server in self.servers if server.info("replication")["role"] == "master"]
        whole = [master for master in found if online_replicas(master) == self.REPLICAS]
        return found if len(found) == len(whole) == _MASTERS else []


def online_replicas(master: Server) -> int:
    """Return the number of replicas that follow it without a gap."""
    lines = master.info("replication")
    return sum(isinstance(one, dict) and one.get("state") == "online" for one in lines.values())


def _bus(server: Server) -> int:
    """Return the port at which the others reach its bus."""
    announced = server.ask("CONFIG", "GET", "cluster*-port")
    return int(announced["cluster-announce-bus-port"]) or int(announced["cluster-port"])


def _sees(server: Server, count: int) -> bool:
    lines = str(server.ask("CLUSTER", "NODES")).splitlines()
    return len(lines) == count and not any("handshake" in line for line in lines)


def _stands(server: Server) -> bool:
    return "cluster_state:ok" in server.ask("CLUSTER", "INFO")


class SharedFleets:
    """The fleets that were started so far."""

    def __init__(self) -> None:
        self._fleets: dict[str, Fleet] = {}

    def fleet(self, kind: Callable[[], Fleet]) -> Fleet:
        """The one fleet of this kind."""
        if kind.__name__ not in self._fleets:
            self._fleets[kind.__name__] = kind()
        return self._fleets[kind.__name__]

    def end(self) -> None:
        Server.end_all()
        for fleet in self._fleets.values():
            fleet.end()
        self._fleets.clear()


FLEETS: Final = SharedFleets()
