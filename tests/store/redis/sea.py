"""The sea: a cluster whose nodes can be cut off from one another without either side being told.

Three masters with two replicas each, so that a shard takes choices again when its master has gone. Each node has an
address of its own to call from, and a wire in front of its bus: so wires know who calls whom.
"""

from __future__ import annotations

from typing import ClassVar, Final

from tests.store.redis.fleets import Cluster
from tests.store.redis.servers import HOST, Server, free_ports
from tests.store.redis.wires import Wires

NODE_TIMEOUT: Final = 2.0
"""Seconds after which the others elect another in a silent node's place."""

_FOLLOWER: Final = "follower"


class Sea(Cluster):
    """Acknowledges when both replicas have it; writes to disk besides, so that who starts again comes back whole."""

    REPLICAS: ClassVar[int] = 2

    def __init__(self) -> None:
        self._wires = Wires()
        self._fronts: list[int] = []
        super().__init__()

    def more(self, number: int, bus: int) -> list[str]:
        (front,) = free_ports(1)
        self._wires.lay(front, bus)
        self._fronts.append(front)
        return [
            *(
                "appendonly yes",
                "appendfsync everysec",
                "protected-mode no",
                "cluster-allow-replica-migration no",
            ),
            *(f"bind-source-addr {_address(number)}", f"cluster-announce-ip {HOST}"),
            f"cluster-announce-bus-port {front}",
            *(f"user {_FOLLOWER} on nopass ~* &* +@all", f"masteruser {_FOLLOWER}", "masterauth any"),
        ]

    def cut_off(self, server: Server) -> None:
        """No other node hears of this one nor it of them; who asks it from outside still reaches it."""
        number = self.servers.index(server)
        address, front = _address(number), self._fronts[number]
        self._wires.cut(lambda wire: address == wire.source or front == wire.port)
        server.ask("ACL", "SETUSER", _FOLLOWER, "off")
        server.ask("CLIENT", "KILL", "TYPE", "replica")

    def join(self, server: Server) -> None:
        """The others can be reached again."""
        self._wires.cut(lambda _wire: False)
        server.ask("ACL", "SETUSER", _FOLLOWER, "on")

    def end(self) -> None:
        self._wires.close()


def _address(number: int) -> str:
    return f"127.0.1.{number + 1}"
