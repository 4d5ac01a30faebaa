"""Fleets: servers that stand together as one store, and the URL that names them.

Each is started once, when a test first asks for it, and shared: a test gets it empty and reachable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from tests.store.redis.servers import HOST, Server, eventually, free_ports

_ON_DISK: Final = ("save ''", "appendonly yes", "appendfsync always")
_ON_REPLICAS: Final = ("save ''", "appendonly no", "min-replicas-to-write 1", "repl-diskless-sync-delay 0")
PASSWORD: Final = "p@ss/wörd"
MASTER: Final = "choices"
_NODES: Final = 6


class Fleet(Protocol):
    """Some servers and the store's URL for them."""

    @property
    def url(self) -> str: ...

    @property
    def servers(self) -> list[Server]:
        """All that hold data, masters and replicas."""
        ...

    def masters(self) -> list[Server]: ...


def empty(fleet: Fleet) -> None:
    """Reachable and without data."""
    for server in fleet.servers:
        server.show()
    for master in fleet.masters():
        master.ask("FLUSHALL", "SYNC")


class Standalone:
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


class Watched:
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


class Cluster:
    """Three masters, a replica each, that acknowledge when the replica has it."""

    def __init__(self) -> None:
        ports = free_ports(2 * _NODES)
        self.servers = [
            Server(
                port, *_ON_REPLICAS, "cluster-enabled yes", f"cluster-port {bus}", "cluster-node-timeout 2000"
            )
            for port, bus in zip(ports[:_NODES], ports[_NODES:], strict=True)
        ]
        first = self.servers[0]
        for server, bus in list(zip(self.servers, ports[_NODES:], strict=True))[1:]:
            server.ask("CLUSTER", "MEET", HOST, first.port, bus)
            first.ask("CLUSTER", "MEET", HOST, server.port, bus)
        bounds = [0, 5461, 10923, 16384]
        for number, server in enumerate(self.servers[:3]):
            server.ask("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        eventually(lambda: all(_sees_all(server) for server in self.servers))
        for master, replica in zip(self.servers[:3], self.servers[3:], strict=True):
            replica.ask("CLUSTER", "REPLICATE", master.ask("CLUSTER", "MYID"))
        eventually(lambda: all(_stands(server) for server in self.servers))
        self.masters()
        self.url = f"redis+cluster://{HOST}:{ports[0]},{HOST}:{ports[4]}"

    def masters(self) -> list[Server]:
        """The three that are masters now, once each has its replica."""
        return eventually(self._paired)

    def _paired(self) -> list[Server]:
        found = [server for server in self.servers if server.info("replication")["role"] == "master"]
        return found if len(found) == 3 and all(map(online_replicas, found)) else []


def online_replicas(master: Server) -> int:
    """How many replicas follow it without a gap."""
    lines = master.info("replication")
    return sum(isinstance(one, dict) and one.get("state") == "online" for one in lines.values())


def _sees_all(server: Server) -> bool:
    lines = str(server.ask("CLUSTER", "NODES")).splitlines()
    return len(lines) == _NODES and not any("handshake" in line for line in lines)


def _stands(server: Server) -> bool:
    return "cluster_state:ok" in server.ask("CLUSTER", "INFO")


class Harbour:
    """The fleets that were started so far."""

    def __init__(self) -> None:
        self._fleets: dict[str, Fleet] = {}

    def fleet(self, kind: Callable[[], Fleet]) -> Fleet:
        """The one fleet of this kind."""
        if kind.__name__ not in self._fleets:
            self._fleets[kind.__name__] = kind()
        return self._fleets[kind.__name__]

    def end(self) -> None:
        self._fleets.clear()
        Server.end_all()


HARBOUR: Final = Harbour()
