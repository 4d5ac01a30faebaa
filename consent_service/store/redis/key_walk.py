"""Walk over documents: it looks at all keys of the nodes, and yields those of some shards with a prefix.

One walk over a node serves all its shards, because a node looks at every key it has in each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final

from consent_service.store.contract import Key, KeyedDocuments
from consent_service.store.redis import key_layout, scans
from consent_service.store.redis.connection import pack_command
from consent_service.store.redis.handshake import ChannelPurpose
from consent_service.store.redis.key_layout import shard_keys
from consent_service.store.redis.router import Router

_TOGETHER: Final = 500
"""Documents of a batch."""


async def walk_documents(
    router: Router, name: str, shards: Sequence[str], prefix: bytes, clock: Callable[[], float]
) -> AsyncIterator[KeyedDocuments]:
    """Yield the documents in batches. Raises StoreUnavailable when another node takes one of the shards over
    meanwhile.
    """
    if not shards:
        return
    shards_by_prefix = {shard_keys(shard).prefix: shard for shard in shards}
    slots = {
        slot: scans.master_of(router, name, slot) for slot in (shard_keys(shard).slot for shard in shards)
    }
    common = _common_prefix([shard_keys(shard).document_key(prefix) for shard in shards])
    for master in dict.fromkeys(slots.values()):
        async for node_keys in scans.node_keys(router, master, common):
            keys = sorted(_wanted_keys(node_keys, shards_by_prefix, prefix))
            for at in range(0, len(keys), _TOGETHER):
                yield await _read_batch(router, keys[at : at + _TOGETHER], clock())
    if any(scans.master_of(router, name, slot) != master for slot, master in slots.items()):
        raise scans.taken_over(name)


def _common_prefix(names: Sequence[bytes]) -> bytes:
    """Return the longest prefix that all names share."""
    first, last = min(names), max(names)
    differs = (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(differs, len(first))]


def _wanted_keys(walked: Iterable[bytes], sought: dict[bytes, str], prefix: bytes) -> Iterable[Key]:
    """Yield the documents of these shards whose names begin with `prefix`."""
    for key in walked:
        tag, end, rest = key.partition(b"}")
        shard = sought.get(tag + end)
        if shard is not None and rest.startswith(b"d" + prefix):
            yield Key(shard, rest[1:])


async def _read_batch(router: Router, keys: Sequence[Key], now: float) -> KeyedDocuments:
    wanted = [(shard_keys(key.shard), key.name) for key in keys]
    replies = await scans.all_of(
        router.ask_slot(ChannelPurpose.SCAN, where.slot, pack_command(b"GET", where.document_key(name)))
        for where, name in wanted
    )
    documents = (key_layout.unpack_document(reply, now) for reply in replies)
    return [(key, document) for key, document in zip(keys, documents, strict=True) if document is not None]
