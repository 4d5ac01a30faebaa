"""Ring memory: a store's record of the key ring that it was written under, so that another ring is noticed.

It holds fingerprints of the keys: keyed hashes, from which no key can be computed. Keys are compared by their
numbers. The memory follows rotations: it adds new keys, and forgets keys that no longer verify. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from consent_service.errors import KeyRingInvalid
from consent_service.identity.key_ring import KeyPurpose, KeyRing, is_honoured, keyed_hash

FOREIGN: Final = (
    "this key ring is not the one that the store was written under: it has another hashing key. With it every "
    "visitor token is refused (denied, `unavailable`), no visitor matches their record, and choices made now are "
    "lost once the right ring is restored"
)
GIVE_THE_RIGHT_ONE: Final = (
    "Name the store's own key ring, or a copy of it, in CONSENT_KEYS_FILE. If it is lost for good, "
    "`consent-service keys adopt FILE` makes the store take another one"
)
_BYTES: Final = 16


class KnownKey(msgspec.Struct, frozen=True):
    """One signing key: its number, fingerprint in hex, and times in Unix seconds as `SigningKey` has them."""

    number: int
    fingerprint: str
    created_at: int
    retired_at: int | None = None


class RingMemory(msgspec.Struct, frozen=True):
    """Fingerprint of the hashing key, and the signing keys, oldest to newest."""

    hashing: str
    keys: tuple[KnownKey, ...]


class RingDifference(NamedTuple):
    """Differences of a ring from the one that is remembered.

    `foreign`: its hashing key is another, so it is another ring altogether. `missing`: keys that still verify and are
    not in it. `other`: keys that stand in it under the same number and are others.
    """

    foreign: bool = False
    missing: tuple[KnownKey, ...] = ()
    other: tuple[KnownKey, ...] = ()


def memory_of(ring: KeyRing) -> RingMemory:
    """Return the memory of this ring alone."""
    remembered = [
        KnownKey(key.number, _fingerprint_of(key.secret), key.created_at, key.retired_at) for key in ring.keys
    ]
    return RingMemory(_fingerprint_of(ring.hashing_key), tuple(remembered))


def compare_rings(memory: RingMemory, ring: KeyRing, now: int) -> RingDifference:
    """Return the differences between a ring and the remembered one. `now`: Unix seconds."""
    own = memory_of(ring)
    if own.hashing != memory.hashing:
        return RingDifference(foreign=True)
    present = {key.number: key for key in own.keys}
    living = [key for key in _with_retirements(memory.keys, own.keys) if is_honoured(key.retired_at, now)]
    return RingDifference(
        missing=tuple(key for key in living if key.number not in present),
        other=tuple(
            key
            for key in living
            if key.number in present and present[key.number].fingerprint != key.fingerprint
        ),
    )


def extend_memory(memory: RingMemory, ring: KeyRing, now: int) -> RingMemory:
    """Return the memory with the keys that this ring adds. The ring must not be foreign.

    A key that is remembered stays as it is, also where an older copy of the ring knows nothing of its retirement.
    """
    own = memory_of(ring)
    keys = {key.number: key for key in own.keys}
    for key in _with_retirements(memory.keys, own.keys):
        present = keys.get(key.number)
        if present is not None and present.fingerprint == key.fingerprint:
            retired = present.retired_at if key.retired_at is None else key.retired_at
            keys[key.number] = msgspec.structs.replace(present, retired_at=retired)
        elif is_honoured(key.retired_at, now):
            keys[key.number] = key
    return RingMemory(memory.hashing, tuple(keys[number] for number in sorted(keys)))


def describe_lacks(differs: RingDifference) -> Iterator[tuple[str, str]]:
    """Yield for each key that a ring lacks what follows from it, and what to do."""
    for key in differs.missing:
        consequence = (
            f"the key ring lacks key {key.number}, which {_signing_period(key)}: visitors whose tokens it signed "
            "are denied, `unavailable`."
        )
        yield (
            consequence,
            "Use the newest copy of the ring; if the key was taken out on purpose, `keys adopt FILE`.",
        )
    for key in differs.other:
        consequence = (
            f"key {key.number} of the key ring differs from the one that the store knows: the ring was rotated in "
            "two places. Visitors whose tokens the other one signed are denied, `unavailable`."
        )
        yield consequence, "Use one ring on every machine; if this one is to stay, `keys adopt FILE`."


def encode_memory(memory: RingMemory) -> bytes:
    """Return the memory as it lies in a store. Inverse of `decode_memory`."""
    return msgspec.json.encode(memory)


def decode_memory(data: bytes) -> RingMemory:
    """Return the memory that lies in a store. Raises KeyRingInvalid."""
    try:
        return msgspec.json.decode(data, type=RingMemory)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise KeyRingInvalid(
            "the store's record of its key ring can't be read: `keys adopt FILE` writes it anew"
        ) from error


def _with_retirements(remembered: Iterable[KnownKey], own: Iterable[KnownKey]) -> list[KnownKey]:
    """Return the keys that are remembered, each retired when a later one was made, if nobody has said it before."""
    creations = sorted((key.number, key.created_at) for key in (*remembered, *own))
    dated = []
    for key in remembered:
        later = next((at for number, at in creations if number > key.number), None)
        dated.append(msgspec.structs.replace(key, retired_at=later) if key.retired_at is None else key)
    return dated


def _fingerprint_of(secret: bytes) -> str:
    return keyed_hash(secret, KeyPurpose.FINGERPRINT, ())[:_BYTES].hex()


def _signing_period(key: KnownKey) -> str:
    since = f"{datetime.fromtimestamp(key.created_at, UTC):%Y-%m-%d}"
    if key.retired_at is None:
        return f"signs since {since}"
    return f"signed from {since} to {datetime.fromtimestamp(key.retired_at, UTC):%Y-%m-%d}"
