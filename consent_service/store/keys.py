"""Keys: the only place where shards and names are built.

A shard is the unit of atomic commit (and, in a cluster, one hash tag), so what must change together is given
the same shard here. Ids are bytes; nothing here knows what a value means.
"""

from __future__ import annotations

from typing import Final

from consent_service.store.contract import Key

LEDGER: Final = "ledger"
"""The log that every recorded fact is appended to."""

DEFAULT_SHARDS: Final = 64
"""Visitor shards of each site in a new store; a store's header fixes its own number."""


def visitor_shard(site: str, visitor_id: bytes, shards: int) -> str:
    """The shard of everything about one visitor: `acme.07`. Ids are random, so their first bytes spread."""
    return f"{site}.{int.from_bytes(visitor_id[:4]) % shards:02d}"


def desk_shard(site: str) -> str:
    """The shard of what belongs to the site and to no visitor."""
    return f"{site}.desk"


def site_shards(site: str, shards: int) -> list[str]:
    """Every shard of the site: its visitors' in order, then the desk's."""
    return [*(f"{site}.{number:02d}" for number in range(shards)), desk_shard(site)]


def standing_key(site: str, visitor_id: bytes, shards: int) -> Key:
    """Where a visitor's standing lies."""
    return Key(visitor_shard(site, visitor_id, shards), b"v" + visitor_id)


def request_name(visitor_id: bytes, request_id: bytes) -> bytes:
    """The name, in the visitor's shard, of the mark that a request's 16-byte `id` was done.

    It begins as the standing's name does, so that an engine that keeps names in order writes one page for both.
    """
    return b"v" + visitor_id + b"r" + request_id


def script_name(digest: str) -> bytes:
    """The name, in the desk's shard, of a script that was served under this digest."""
    return b"s" + digest.encode()


def sealing_name(part: str) -> bytes:
    """The name, in the desk's shard, of what sealing remembers: its lease, its plan, how far it is."""
    return b"l" + part.encode()


def sealed_name(shard: str) -> bytes:
    """The index, in the desk's shard, from a shard's positions to the segment that holds them."""
    return b"l" + shard.encode()
