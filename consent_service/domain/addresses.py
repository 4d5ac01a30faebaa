"""Addresses: the one way in which an address of a machine or a network is read.

Pure. Every address that comes in is read here once, from a connection, from a header or from the configuration, and
flows on parsed; a text that can't be read names nobody. Knows nothing of headers, limits or places.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
"""A parsed address in its plain form: never IPv4 in the form of IPv6, never with a zone."""

Network = IPv4Network | IPv6Network

_LONGEST: Final = 100
"""Characters: more than any address with its zone, brackets and port."""

_PREFIX_BITS: Final = 96
_IPV4_IN_IPV6: Final = (
    # RFC 4291 section 2.5.5.2: what a socket bound to `::` calls its IPv4 peers.
    IPv6Network("::ffff:0:0/96"),
    # RFC 6052 section 2.1: what a translator in front of an IPv6-only server calls its IPv4 peers.
    IPv6Network("64:ff9b::/96"),
)
"""Prefixes under which all of IPv4 stands in one /64, so that every visitor would count as one.

An operator's own translation prefix can't be known. 6to4 (2002::/16) stays as it is: each of its /48s belongs to
one IPv4 address already.
"""
_PREFIXES: Final = frozenset(prefix.network_address.packed[:12] for prefix in _IPV4_IN_IPV6)


def read_address(text: str) -> Address | None:
    """Return the address in this text, None when it holds none.

    Takes a port, brackets around IPv6, upper case and a zone (`fe80::1%eth0`), as proxies write them. Port and zone
    are dropped: neither says whose address it is.
    """
    if len(text) > _LONGEST:
        return None
    try:
        address = ip_address(_without_zone(_without_port(text.strip())))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.packed[:12] in _PREFIXES:
        return IPv4Address(address.packed[12:])
    return address


def read_network(text: str) -> Network:
    """Return the network of this text (an address is a network of one), IPv4 in its plain form. Raises ValueError.

    Refused is a range that is wider than IPv4 in the form of IPv6 and holds it: addresses are compared in their
    plain form, which such a range can't name.
    """
    host, slash, length = text.partition("/")
    network = ip_network(f"{_without_zone(host)}{slash}{length}")
    if isinstance(network, IPv4Network):
        return network
    for prefix in _IPV4_IN_IPV6:
        if network.subnet_of(prefix):
            return IPv4Network((network.network_address.packed[12:], network.prefixlen - _PREFIX_BITS))
        if network.prefixlen and network.supernet_of(prefix):
            raise ValueError(f"it holds all of IPv4 as {prefix}; write ranges of IPv4 in their own form")
    return network


class Networks:
    """Several networks as one set: a look-up costs one step for each prefix length, however many there are."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._starts: dict[int, dict[int, set[int]]] = {4: {}, 6: {}}
        for network in networks:
            host_bits = network.max_prefixlen - network.prefixlen
            starts = self._starts[network.version].setdefault(host_bits, set())
            starts.add(int(network.network_address) >> host_bits)

    def __bool__(self) -> bool:
        return any(self._starts.values())

    def __contains__(self, address: Address) -> bool:
        number = int(address)
        return any(number >> bits in starts for bits, starts in self._starts[address.version].items())


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _without_zone(text: str) -> str:
    return text.partition("%")[0]
