"""The keyspace: the keys of the servers that belong to the store, so that a copy leaves none behind."""

from __future__ import annotations

from typing import Final

from consent_service.store.names import MOST_SHARDS, is_shard
from consent_service.store.redis import key_layout, scans, store_header
from consent_service.store.redis.router import Router
from consent_service.store.transfer.record_check import unsound_error

_PREFIX: Final = b"{consent}"
_OF_THE_STORE: Final = frozenset(
    {key_layout.HEADER, key_layout.SHARDS, key_layout.LOST, key_layout.MOVING, key_layout.MOVED}
)


async def require_known_keys(router: Router, name: str) -> None:
    """Raise StoreCorrupt for a key in a shard's own way of naming that no shard of the store has.

    Keys of other programs, named otherwise, are left out of account.
    """
    prefixes = set[bytes]()
    for master in router.masters:
        async for node_keys in scans.node_keys(router, master, b"{"):
            prefixes |= {shard_keys for key in node_keys if (shard_keys := _place_of(key)) is not None}
    # Read after the walk: a shard is registered before anything is written to it.
    for shard in await store_header.shards_of(router, name):
        prefixes.discard(key_layout.shard_keys(shard).prefix)
    if prefixes:
        raise unsound_error(
            name, f"it holds keys of what is not one of its shards, such as {min(prefixes)!r}: remove them"
        )


def _place_of(key: bytes) -> bytes | None:
    """Return the prefix of the shard that the key belongs to; the key itself if no shard has such a key; None = not
    ours.
    """
    tag, brace, key_end = key.partition(b"}")
    if key.startswith(_PREFIX):
        return None if key in _OF_THE_STORE else key
    if not brace or not is_shard(tag[1:].decode(errors="replace"), MOST_SHARDS):
        return None
    whole = key_end[:1] in {b"h", b"c"} and len(key_end) == 1
    return tag + brace if whole or key_end[:1] in {b"d", b"i", b"l"} else key
