"""Clients: whose address a call came from, behind the proxies that are trusted to say so.

The address is for limits and for the place it seems to be in; it is used and dropped (design rule 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from starlette.types import Scope

from consent_service.addresses import Address, Networks, read_address, read_network

_MOST_HOPS: Final = 32
"""Hops that are looked at, the nearest first. No chain of trusted proxies is as long."""


class Clients:
    """Finds the client's address. `trusted`: the proxies that may name it in X-Forwarded-For."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = Networks(read_network(network) for network in trusted)

    def address(self, scope: Scope) -> Address | None:
        """Return the last hop that is not a trusted proxy; the peer itself where it names none.

        None when that hop can't be read: nobody knows who that is, and to take the proxy's own address instead
        would place every such visitor where the proxy is.
        """
        peer = peer_of(scope)
        if peer is None or not self.trusts(peer):
            return peer
        hops = _forwarded(scope["headers"])
        for hop in filter(None, hops):
            address = read_address(hop)
            if address is None or not self.trusts(address):
                return address
        return peer if len(hops) < _MOST_HOPS else None

    def trusts(self, address: Address | None) -> bool:
        """Return True when what this address says of the client counts."""
        return address is not None and address in self._trusted


def peer_of(scope: Scope) -> Address | None:
    """Return the other end of the connection; None on a Unix socket."""
    client = scope.get("client")
    return read_address(client[0]) if client else None


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """Return the hops of X-Forwarded-For, the nearest first; no more than are looked at."""
    lines = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    nearest = lines.rsplit(b",", _MOST_HOPS)[-_MOST_HOPS:]
    return [hop.strip().decode("latin-1") for hop in reversed(nearest)]
