"""Names of shards, logs, indexes and documents: the only place where they are built.

A shard is the unit of atomic commit (and, in a cluster, one hash tag), so all that must change together gets
the same shard here. Ids are bytes; nothing here knows what a value means.
"""

from __future__ import annotations

from typing import Final

from consent_service.store.contract import Key

LEDGER: Final = "ledger"
"""The log that every recorded fact is appended to."""

RING_MEMORY: Final = Key("@service.desk", b"ring")
"""The store's memory of its key ring. Its shard belongs to no site: no site's key begins with `@`."""

DEFAULT_SHARDS: Final = 64
"""Visitor shards of each site in a new store; a store's header fixes its own number."""

MOST_SHARDS: Final = 1024
"""Visitor shards of a site at most: every page of a log asks each of them, and every process what changed there."""

STANDINGS: Final = b"v"
"""Prefix of the names of standings, and of all that belongs to one visitor."""
_STANDING_NAME: Final = len(STANDINGS) + 16
_REQUEST_PART: Final = len(b"r") + 16


def visitor_shard(site: str, record: bytes, shards: int) -> str:
    """Return the shard of everything about one visitor: `acme.07`. `record` is as random as the ids that it stands
    for.
    """
    return f"{site}.{int.from_bytes(record[:4]) % shards:02d}"


def visitor_shards(site: str, shards: int) -> list[str]:
    """Return the shards of the site's visitors, in order."""
    return [f"{site}.{number:02d}" for number in range(shards)]


def desk_shard(site: str) -> str:
    """Return the shard of what belongs to the site and to no visitor."""
    return f"{site}.desk"


def site_shards(site: str, shards: int) -> list[str]:
    """Return every shard of the site: its visitors' in order, then the desk's."""
    return [*visitor_shards(site, shards), desk_shard(site)]


def split_shard(shard: str, present: int, shards: int) -> list[str]:
    """Return the shards that this one becomes with `shards` visitor shards a site, a multiple of `present`; itself
    first.
    """
    site, number = _site_and_number(shard)
    return [shard] if number is None else [f"{site}.{part:02d}" for part in range(number, shards, present)]


def unsplit_shard(shard: str, present: int) -> str:
    """Return the one of `present` visitor shards that this one was a part of. Inverse of `split_shard`."""
    site, number = _site_and_number(shard)
    return shard if number is None else f"{site}.{number % present:02d}"


def lies_in(shard: str, name: bytes, shards: int) -> bool:
    """Return True if a document belongs to this part of its split shard. One that names no visitor belongs to each
    part.
    """
    site, number = _site_and_number(shard)
    if number is None or not name.startswith(STANDINGS):
        return True
    return visitor_shard(site, name[len(STANDINGS) :], shards) == shard


def is_shard(shard: str, shards: int) -> bool:
    """Return True for the name of a desk, or of one of a site's `shards` visitor shards."""
    site, _, part = shard.rpartition(".")
    if not site or "{" in shard or "}" in shard:
        return False
    return part == "desk" or (part.isdecimal() and part.isascii() and _is_number(part, shards))


def _is_number(part: str, shards: int) -> bool:
    return len(part) <= 4 and part == f"{int(part):02d}" and int(part) < shards


def is_astray(shard: str, name: bytes, shards: int) -> bool:
    """Return True for a standing, or a mark of one of its requests, outside the shard that its id gives it."""
    standing, rest = name[:_STANDING_NAME], name[_STANDING_NAME:]
    whole = is_standing(standing) and (not rest or (rest[:1] == b"r" and len(rest) == _REQUEST_PART))
    return whole and not (_site_and_number(shard)[1] is not None and lies_in(shard, name, shards))


def _site_and_number(shard: str) -> tuple[str, int | None]:
    """Return site and number of a visitor shard; None as the number of a desk's."""
    site, _, number = shard.rpartition(".")
    return site, int(number) if number.isdecimal() else None


def standing_key(site: str, record: bytes, shards: int) -> Key:
    """Return the key of a visitor's standing; `record` stands for the visitor's id in the store."""
    return Key(visitor_shard(site, record, shards), STANDINGS + record)


def is_standing(name: bytes) -> bool:
    """Return True for the name of a standing."""
    return len(name) == _STANDING_NAME and name.startswith(STANDINGS)


def request_name(standing: bytes, request_id: bytes) -> bytes:
    """Return the name, in the visitor's shard, of the mark that a request's 16-byte `id` was done.

    It begins as the standing's name does, so that an engine that keeps names in order writes one page for both.
    """
    return requests_of(standing) + request_id


def requests_of(standing: bytes) -> bytes:
    """Return the prefix of the names of all marks of a visitor's requests."""
    return standing + b"r"


def script_name(digest: str) -> bytes:
    """Return the name, in the desk's shard, of a script that was served under this digest."""
    return b"s" + digest.encode()


def sealing_name(part: str) -> bytes:
    """Return the name, in the desk's shard, of a document of sealing: its lease, its plan, its progress."""
    return b"l" + part.encode()


def sealed_name(shard: str) -> bytes:
    """Return the index, in the desk's shard, from a shard's positions to the segment that holds them."""
    return b"l" + shard.encode()
