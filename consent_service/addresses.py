"""Addresses: the one way in which an address of a machine or a network is read.

Every address that comes in is read here once, from a connection, from a header or from the configuration, and flows
on as its bytes; a text that can't be read names nobody. Pure, although the system's own parser does it: Python's is
twenty times slower. Knows nothing of headers, limits or places.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Final, NewType

Address = NewType("Address", bytes)
"""An address in network order: 4 bytes of IPv4, or 16 of IPv6. Never IPv4 in the form of IPv6, never with a zone."""

Network = IPv4Network | IPv6Network

IPV4_BYTES: Final = 4

_LONGEST: Final = 100
"""Characters: more than any address with its zone, brackets and port."""

_IPV4_IN_IPV6: Final = (
    # RFC 4291 section 2.5.5.2: what a socket bound to `::` calls its IPv4 peers.
    IPv6Network("::ffff:0:0/96"),
    # RFC 6052 section 2.1: what a translator in front of an IPv6-only server calls its IPv4 peers.
    IPv6Network("64:ff9b::/96"),
)
"""Prefixes that hold all of IPv4 in one /64. Read as IPv6, every such visitor would count as one client.

An operator's own translation prefix can't be known. 6to4 (2002::/16) stays as it is: each of its /48s belongs to
one IPv4 address already.
"""
_PREFIX_BYTES: Final = 12
_PREFIXES: Final = frozenset(prefix.network_address.packed[:_PREFIX_BYTES] for prefix in _IPV4_IN_IPV6)


def read_address(text: str) -> Address | None:
    """Return the address in this text, None when it holds none.

    Takes a port, brackets around IPv6, upper case and a zone (`fe80::1%eth0`), as proxies write them. Port and zone
    are dropped: neither says whose address it is.
    """
    if len(text) > _LONGEST:
        return None
    address = _packed(text)
    return _packed(_bare(text)) if address is None else address


def text_of(address: Address) -> str:
    """Return the address as text, in its one canonical form (RFC 5952)."""
    return inet_ntop(AF_INET if len(address) == IPV4_BYTES else AF_INET6, address)


def is_unspecified(address: Address) -> bool:
    """Return True for 0.0.0.0 and ::, on which a listener hears every address."""
    return not any(address)


def read_network(text: str) -> Network:
    """Return the network of this text (an address is a network of one), IPv4 in its plain form. Raises ValueError.

    Refused is a range that is wider than IPv4 in the form of IPv6 and holds it: addresses are compared in their
    plain form, which such a range can't name.
    """
    host, slash, length = text.partition("/")
    network = ip_network(f"{host.partition('%')[0]}{slash}{length}")
    if isinstance(network, IPv4Network):
        return network
    for prefix in _IPV4_IN_IPV6:
        if network.subnet_of(prefix):
            start = network.network_address.packed[_PREFIX_BYTES:]
            return IPv4Network((start, network.prefixlen - prefix.prefixlen))
        if network.prefixlen and network.supernet_of(prefix):
            raise ValueError(f"it holds all of IPv4 as {prefix}; write ranges of IPv4 in their own form")
    return network


_NOT_OF_THE_INTERNET: Final = (
    # RFC 6890, RFC 1112: what no visitor's call comes from over the Internet.
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.168.0.0/16", "224.0.0.0/3"),
)
_INTERNET_OF_IPV6: Final = IPv6Network("2000::/3")  # RFC 4291 section 2.4: all that is given out so far


def hold_the_internet(networks: Iterable[Network]) -> bool:
    """Return True when these networks together hold every address of the Internet, in IPv4 or in IPv6."""
    given = list(networks)
    fours = list(collapse_addresses(one for one in given if isinstance(one, IPv4Network)))
    sixes = collapse_addresses(one for one in given if isinstance(one, IPv6Network))
    if any(_INTERNET_OF_IPV6.subnet_of(six) for six in sixes):
        return True
    return all(any(part.subnet_of(four) for four in fours) for part in _internet_of_ipv4())


@cache
def _internet_of_ipv4() -> tuple[IPv4Network, ...]:
    """Return IPv4 without `_NOT_OF_THE_INTERNET`, as the fewest networks."""
    parts = [IPv4Network("0.0.0.0/0")]
    for text in _NOT_OF_THE_INTERNET:
        left_out = IPv4Network(text)
        split = next(part for part in parts if left_out.subnet_of(part))
        parts = [*(part for part in parts if part is not split), *split.address_exclude(left_out)]
    return tuple(collapse_addresses(parts))


class Networks:
    """Several networks as one set: a look-up costs one step for each prefix length, however many there are."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._starts: dict[int, dict[int, set[int]]] = {}
        for network in networks:
            host_bits = network.max_prefixlen - network.prefixlen
            of_its_kind = self._starts.setdefault(network.max_prefixlen // 8, {})
            of_its_kind.setdefault(host_bits, set()).add(int(network.network_address) >> host_bits)

    def __contains__(self, address: Address) -> bool:
        of_its_kind = self._starts.get(len(address))
        if of_its_kind is None:
            return False
        number = int.from_bytes(address)
        return any(number >> host_bits in starts for host_bits, starts in of_its_kind.items())


def _packed(text: str) -> Address | None:
    try:
        if ":" not in text:
            return Address(inet_pton(AF_INET, text))
        packed = inet_pton(AF_INET6, text)
    except (OSError, ValueError):
        return None
    return Address(packed[_PREFIX_BYTES:] if packed[:_PREFIX_BYTES] in _PREFIXES else packed)


def _bare(text: str) -> str:
    """Return the text without white space, brackets, port and zone."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.partition("%")[0]
