"""Clients: whose address a call came from, behind the proxies that are trusted to say so.

The address is for limits and for the place it seems to be in; it is used and dropped (design rule 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

Network = IPv4Network | IPv6Network


class Clients:
    """Finds the client's address. `trusted`: the proxies that may name it in X-Forwarded-For."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted: tuple[Network, ...] = tuple(ip_network(network) for network in trusted)

    def address(self, scope: Scope) -> str:
        """The last hop that is not a trusted proxy; "" when there is none."""
        peer = peer_of(scope)
        if not self._trusted:
            return peer
        for hop in reversed([*_forwarded(scope["headers"]), peer]):
            if hop and not self.trusts(hop):
                return hop
        return peer

    def trusts(self, address: str) -> bool:
        """Whether what this address says of the client counts."""
        if not self._trusted:
            return False
        try:
            return any(ip_address(address) in network for network in self._trusted)
        except ValueError:
            return False


def peer_of(scope: Scope) -> str:
    """The other end of the connection."""
    client = scope.get("client")
    return client[0] if client else ""


def household(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one line is given of IPv6."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(ip_network(f"{found}/64", strict=False))


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    return [_host(hop.strip()) for hop in ",".join(lines).split(",")]


def _host(hop: str) -> str:
    """A hop without the port that some proxies add."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
