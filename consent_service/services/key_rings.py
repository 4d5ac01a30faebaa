"""Key rings: the configured ring, and its comparison with the ring that the store was written under.

Every process that writes with a ring compares it first. Another ring would leave every visitor without their record,
and choices made under it would be lost as soon as the right ring comes back.
"""

from __future__ import annotations

from typing import Final

from consent_service.errors import KeyRingForeign
from consent_service.identity.key_ring import KeyRing
from consent_service.identity.ring_memory import (
    FOREIGN,
    GIVE_THE_RIGHT_ONE,
    RingDifference,
    RingMemory,
    compare_rings,
    decode_memory,
    describe_lacks,
    encode_memory,
    extend_memory,
    memory_of,
)
from consent_service.services.records.writer import retry_on_conflict
from consent_service.store.contract import Change, Document, Put, Store
from consent_service.store.names import RING_MEMORY

_MEMORY: Final = "the store's memory of its key ring"


async def take_up(store: Store, ring: KeyRing, now: int, *, dry: bool = False) -> list[str]:
    """Compare the ring with the store's memory, and add to the memory what is new in the ring.

    `now` in Unix seconds; `dry` writes nothing. Returns sentences on keys that the ring lacks. Raises KeyRingForeign
    for another ring, KeyRingInvalid for a memory that can't be read, and StoreError.
    """

    async def attempt(_number: int) -> list[str]:
        (document,) = await store.get([RING_MEMORY])
        memory = None if document is None else decode_memory(document.value)
        differs = RingDifference() if memory is None else compare_rings(memory, ring, now)
        if differs.foreign:
            raise KeyRingForeign(f"{FOREIGN}. {GIVE_THE_RIGHT_ONE}")
        fresh = memory_of(ring) if memory is None else extend_memory(memory, ring, now)
        if fresh != memory and not dry:
            await _write(store, document, fresh)
        return [" ".join(sentences) for sentences in describe_lacks(differs)]

    return await retry_on_conflict(_MEMORY, attempt)


async def adopt(store: Store, ring: KeyRing) -> None:
    """Make the store take this ring for its own, whatever it remembered. Raises StoreError."""

    async def attempt(_number: int) -> None:
        (document,) = await store.get([RING_MEMORY])
        await _write(store, document, memory_of(ring))

    await retry_on_conflict(_MEMORY, attempt)


async def _write(store: Store, document: Document | None, memory: RingMemory) -> None:
    """Write the memory in place of the document that was read. Raises Conflict."""
    name = RING_MEMORY.name
    expect = {name: 0 if document is None else document.version}
    await store.commit(Change(RING_MEMORY.shard, expect, put=[Put(name, encode_memory(memory))]))
