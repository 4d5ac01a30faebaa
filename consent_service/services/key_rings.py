"""Rings: the key ring of a service against what its store remembers of the one that it was written under.

Whoever writes with a ring asks here first. Another ring would leave every visitor without their record, and what they
choose under it would be lost to them as soon as the right ring comes back.
"""

from __future__ import annotations

from typing import Final

from consent_service.config import Config
from consent_service.errors import ConfigError, Conflict, Fault, KeyRingForeign
from consent_service.identity.keys import KeyRing
from consent_service.identity.ring_memory import (
    FOREIGN,
    GIVE_THE_RIGHT_ONE,
    Difference,
    RingMemory,
    continued,
    decode_memory,
    difference,
    encode_memory,
    lacks,
    memory_of,
)
from consent_service.store.contract import Change, Document, Put, Store
from consent_service.store.keys import RING_MEMORY

_ATTEMPTS: Final = 8


def ring_of(config: Config) -> KeyRing:
    """Return the configured key ring. Raises ConfigError if there is none."""
    if config.keys is None:
        message = (
            "no key ring; make one with `consent-service keys new FILE` and name it in CONSENT_KEYS_FILE"
        )
        raise ConfigError((Fault("CONSENT_KEYS", 0, message),))
    return config.keys


async def take_up(store: Store, ring: KeyRing, now: int, *, dry: bool = False) -> list[str]:
    """Compare the ring with the store's memory, and let the store remember what is new in it.

    `now` in Unix seconds; `dry` writes nothing. Returns sentences on keys that the ring lacks. Raises KeyRingForeign
    for another ring, KeyRingInvalid for a memory that can't be read, and StoreError.
    """
    for _ in range(_ATTEMPTS):
        (found,) = await store.get([RING_MEMORY])
        memory = None if found is None else decode_memory(found.value)
        differs = Difference() if memory is None else difference(memory, ring, now)
        if differs.foreign:
            raise KeyRingForeign(f"{FOREIGN}. {GIVE_THE_RIGHT_ONE}")
        fresh = memory_of(ring) if memory is None else continued(memory, ring, now)
        if dry or fresh == memory or await _noted(store, found, fresh):
            return [" ".join(sentences) for sentences in lacks(differs)]
    raise Conflict("other processes write what the store remembers of its key ring; start again")


async def adopt(store: Store, ring: KeyRing) -> None:
    """Let the store take this ring for its own, whatever it remembered. Raises StoreError."""
    for _ in range(_ATTEMPTS):
        (found,) = await store.get([RING_MEMORY])
        if await _noted(store, found, memory_of(ring)):
            return
    raise Conflict("other processes write what the store remembers of its key ring; stop the service first")


async def _noted(store: Store, found: Document | None, memory: RingMemory) -> bool:
    """Write the memory in place of the one that was read; False when somebody else was faster."""
    name = RING_MEMORY.name
    expect = {name: 0 if found is None else found.version}
    try:
        await store.commit(Change(RING_MEMORY.shard, expect, put=[Put(name, encode_memory(memory))]))
    except Conflict:
        return False
    return True
