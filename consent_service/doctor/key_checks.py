"""Checks of the key ring: the ages of its keys, the store's memory of it, and who can read its file. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consent_service.config.environment import closing_command
from consent_service.config.loader import KEYS
from consent_service.doctor.diagnosis import Diagnosis, fault, hint, ok
from consent_service.doctor.units import day_text
from consent_service.errors import KeyRingInvalid
from consent_service.identity.key_ring import DAY, VERIFY_AFTER_RETIREMENT, KeyRing, SigningKey
from consent_service.identity.ring_memory import (
    FOREIGN,
    GIVE_THE_RIGHT_ONE,
    compare_rings,
    decode_memory,
    describe_lacks,
)
from consent_service.store.contract import Document

_ROTATE_AFTER: Final = 365 * DAY


def judge_keys(ring: KeyRing | None, now: int) -> Iterator[Diagnosis]:
    """Yield a diagnosis of each key of the ring. No ring is a hint: `serve` may be given it elsewhere."""
    if ring is None:
        yield hint("keys", "no key ring was looked at", "Name it in CONSENT_KEYS_FILE, as `serve` wants it.")
        return
    for key in ring.keys:
        yield (
            _judge_signing_key(key, now)
            if key.retired_at is None
            else _judge_retired_key(key, key.retired_at, now)
        )


def judge_memory(document: Document | None, ring: KeyRing, now: int) -> Iterator[Diagnosis]:
    """Yield findings on the differences between this ring and the one that the store was written under.

    `document`: the store's memory of that ring, or None."""
    if document is None:
        yield ok("key ring", "the store remembers none yet: the next `serve` notes the one that it is given")
        return
    try:
        differs = compare_rings(decode_memory(document.value), ring, now)
    except KeyRingInvalid as error:
        yield fault("key ring", str(error), "`consent-service keys adopt FILE` notes the ring anew.")
        return
    if differs.foreign:
        yield fault("key ring", FOREIGN, f"{GIVE_THE_RIGHT_ONE}.")
    elif not (differs.missing or differs.other):
        yield ok("key ring", "the store was written under this one")
    for sentence, remedy in describe_lacks(differs):
        yield fault("key ring", sentence, remedy)


def judge_exposed(variable: str, file: str, mode: int) -> Diagnosis:
    """Return the hint about a secret's file that others can read or change."""
    sentence = f"others on this machine can read or change {file} ({variable}, mode {mode:04o})"
    if variable.startswith(KEYS):
        sentence += ": whoever reads the key ring can make any visitor's token"
    return hint("privacy", sentence, closing_command(file))


def _judge_signing_key(key: SigningKey, now: int) -> Diagnosis:
    sentence = f"key {key.number} signs since {day_text(key.created_at)}"
    if key.created_at > now + DAY:
        return fault("keys", f"{sentence}, which is yet to come", "Set this machine's clock.")
    if now - key.created_at > _ROTATE_AFTER:
        return hint(
            "keys", sentence, "`consent-service keys rotate` adds a new one; the old one verifies on."
        )
    return ok("keys", f"{sentence}; rotate it by {day_text(key.created_at + _ROTATE_AFTER)}")


def _judge_retired_key(key: SigningKey, retired_at: int, now: int) -> Diagnosis:
    until = day_text(retired_at + VERIFY_AFTER_RETIREMENT)
    if key.is_honoured(now):
        return ok("keys", f"key {key.number} verifies until {until}")
    return ok(
        "keys", f"key {key.number} verifies no visitor token since {until}; receipts keep resting on it"
    )
