"""A cluster whose nodes can be cut off, from one another alone or from everybody, without any being told.

Three masters with two replicas each, so that a shard takes choices again when its master has gone. Each node has an
address of its own to call from, and wires in front of its ports: so wires know who calls whom.
"""

from __future__ import annotations

from typing import ClassVar, Final

from tests.support.ports import free_ports
from tests.support.redis.fleets import Cluster
from tests.support.redis.server import HOST, Server
from tests.support.redis.wires import Wire, Wires

NODE_TIMEOUT: Final = 2.0
"""Seconds after which the others elect another in a silent node's place."""


class CuttableCluster(Cluster):
    """Acknowledges when both replicas have it; writes to disk besides, so that who starts again comes back whole."""

    REPLICAS: ClassVar[int] = 2

    def __init__(self) -> None:
        self._wires = Wires()
        self._fronts: list[tuple[int, int]] = []
        super().__init__()
        seeds = [f"{HOST}:{front}" for front, _ in self._fronts[::4]]
        self.url = f"redis+cluster://{','.join(seeds)}"

    def more(self, number: int, port: int, bus: int) -> list[str]:
        front, bus_front = free_ports(2)
        self._wires.lay(front, port)
        self._wires.lay(bus_front, bus)
        self._fronts.append((front, bus_front))
        return [
            *("appendonly yes", "appendfsync everysec", "cluster-allow-replica-migration no"),
            *(f"bind-source-addr {_address(number)}", "protected-mode no"),
            *(f"cluster-announce-ip {HOST}", f"cluster-announce-port {front}"),
            f"cluster-announce-bus-port {bus_front}",
        ]

    def cut_off(self, server: Server, *, clients: bool) -> None:
        """No other node hears of this one nor it of them; nor do `clients`, or they are on its side of the cut."""
        number = self.servers.index(server)
        address, fronts = _address(number), self._fronts[number]

        def is_cut(wire: Wire) -> bool:
            return wire.source == address or (wire.port in fronts and (clients or wire.source != HOST))

        self._wires.cut(is_cut)

    def join(self) -> None:
        """All can be reached again."""
        self._wires.cut(lambda _wire: False)

    def end(self) -> None:
        self._wires.close()


def _address(number: int) -> str:
    return f"127.0.1.{number + 1}"
