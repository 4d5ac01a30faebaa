"""The key ring: numbered secrets, oldest to newest, and what is derived from them.

Lives here: the ring, its rotation, its text form, the base64url in which keys and signatures are written, and the
one list of purposes that salts are made of. May not know: the clock (`now` is a parameter), randomness (secrets are
parameters), files, or the environment.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent_service.errors import KeyRetired, KeyRingInvalid, KeyUnknown

DAY: Final = 86_400
VERIFY_AFTER_RETIREMENT: Final = 400 * DAY  # as long as a browser keeps the cookie the token stands in
SECRET_BYTES: Final = 32
_MOST_KEYS: Final = 2**31
_YEAR_10000: Final = 253_402_300_800  # Unix seconds: the first that Python's calendar can't write


class KeyPurpose(StrEnum):
    """Purpose of a derived key. Each purpose is a salt, so that a text of one purpose never passes for another."""

    VISITOR_TOKEN = "visitor token 1"
    CONFIRMATION = "confirmation 1"
    FORM_TOKEN = "form token 1"
    RESULT = "result 1"
    VISIT = "visit 1"
    VISITOR_ID = "visitor id 1"
    CONSUMER = "consumer 1"
    IMPORTED = "imported 1"
    STATEMENT = "statement 1"
    RECORD = "record 1"
    FINGERPRINT = "fingerprint 1"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One secret of the ring. Times are Unix seconds; `retired_at` is None for the key that signs."""

    number: int
    secret: bytes = field(repr=False)
    created_at: int
    retired_at: int | None = None

    def is_honoured(self, now: int) -> bool:
        """Return True while texts signed with this key are still honoured."""
        return is_honoured(self.retired_at, now)


def is_honoured(retired_at: int | None, now: int) -> bool:
    """Return True while texts of a key retired at this time (None: not retired) are still honoured."""
    return retired_at is None or now - retired_at <= VERIFY_AFTER_RETIREMENT


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Signing keys, oldest to newest, and the hashing key, which never rotates.

    Visitor ids, handles and consumer hashes are made with `hashing_key`: with another one, no visitor would
    match their record. Raises KeyRingInvalid unless the keys are retired ones followed by one current key.
    """

    keys: tuple[SigningKey, ...]
    hashing_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        fault = _ring_fault(self.keys, self.hashing_key)
        if fault:
            raise KeyRingInvalid(fault)

    @property
    def current_key(self) -> SigningKey:
        """Key that signs."""
        return self.keys[-1]

    def verifying_key(self, number: int, now: int) -> SigningKey:
        """Return the key of this number, to verify with. Raises KeyUnknown, or KeyRetired 400 days after its
        retirement.
        """
        for key in self.keys:
            if key.number == number:
                return require_honoured(key, now)
        raise KeyUnknown(f"no key {number} in the ring")


def require_honoured(key: SigningKey, now: int) -> SigningKey:
    """Return the key itself. Raises KeyRetired if it was retired too long ago to verify."""
    if not key.is_honoured(now):
        raise KeyRetired(f"key {key.number} was retired more than 400 days ago")
    return key


def new_ring(now: int, secret: bytes, hashing_key: bytes) -> KeyRing:
    """Return a ring of one key. Both secrets must be at least 32 random bytes."""
    return KeyRing((SigningKey(1, secret, now),), hashing_key)


def rotate_ring(ring: KeyRing, now: int, secret: bytes) -> KeyRing:
    """Return the ring with a new current key. The old key verifies for 400 more days."""
    retired = replace(ring.current_key, retired_at=now)
    return KeyRing((*ring.keys[:-1], retired, SigningKey(retired.number + 1, secret, now)), ring.hashing_key)


def derive_subkey(secret: bytes, purpose: KeyPurpose, length: int = SECRET_BYTES) -> bytes:
    """Return a derived key for one purpose (HKDF, RFC 5869, with the purpose as salt)."""
    return HKDF(SHA256(), length, salt=purpose.encode(), info=b"consent-service").derive(secret)


def keyed_hash(secret: bytes, purpose: KeyPurpose, parts: Iterable[bytes]) -> bytes:
    """Return the keyed BLAKE2b hash (RFC 7693) of the purpose and the parts, 32 bytes.

    Each part is hashed with its length, so that no two lists collide. Every first choice makes two such hashes;
    each takes a fifth of the time of an HMAC.
    """
    message = b"".join(len(part).to_bytes(4) + part for part in (purpose.encode(), *parts))
    key = secret if len(secret) <= blake2b.MAX_KEY_SIZE else blake2b(secret).digest()
    return blake2b(message, digest_size=32, key=key).digest()


# --- text form -----------------------------------------------------------------------------------


def to_base64url(value: bytes) -> str:
    """Return the bytes as base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Return the bytes of a text: the inverse of `to_base64url`. Raises ValueError for any other text.

    The standard library's decoder skips foreign characters and ignores spare bits, so that two texts would have
    the same value.
    """
    value = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if to_base64url(value) != text:
        raise ValueError("not canonical base64url")
    return value


class _KeyText(msgspec.Struct, forbid_unknown_fields=True):
    number: int
    secret: str
    created_at: int
    retired_at: int | None = None


class _RingText(msgspec.Struct, forbid_unknown_fields=True):
    hashing_key: str
    keys: list[_KeyText]


def encode_ring(ring: KeyRing) -> str:
    """Return the ring as JSON, secrets in base64url. Anybody who reads this text can mint every visitor's token."""
    keys = [
        _KeyText(key.number, to_base64url(key.secret), key.created_at, key.retired_at) for key in ring.keys
    ]
    text = msgspec.json.encode(_RingText(to_base64url(ring.hashing_key), keys))
    return msgspec.json.format(text, indent=2).decode() + "\n"


def decode_ring(text: str) -> KeyRing:
    """Return the ring in this JSON: the inverse of `encode_ring`. Raises KeyRingInvalid without quoting the text."""
    try:
        ring = msgspec.json.decode(text, type=_RingText)
    except msgspec.DecodeError as error:
        raise KeyRingInvalid(f"not the JSON of a key ring: {error}") from None
    keys = tuple(
        SigningKey(key.number, _decode_secret(key.secret), key.created_at, key.retired_at)
        for key in ring.keys
    )
    return KeyRing(keys, _decode_secret(ring.hashing_key))


def _decode_secret(text: str) -> bytes:
    try:
        return from_base64url(text)
    except ValueError:
        raise KeyRingInvalid("a secret of the key ring is not base64url") from None


def _ring_fault(keys: tuple[SigningKey, ...], hashing_key: bytes) -> str:
    numbers = [key.number for key in keys]
    if not keys:
        return "the key ring holds no key"
    if numbers[0] < 1 or any(later <= earlier for earlier, later in pairwise(numbers)):
        return "the keys' numbers must start at 1 or above and rise from oldest to newest"
    if min(len(hashing_key), *(len(key.secret) for key in keys)) < SECRET_BYTES:
        return f"each secret of the key ring needs at least {SECRET_BYTES} bytes"
    times = [at for key in keys for at in (key.created_at, key.retired_at) if at is not None]
    if numbers[-1] >= _MOST_KEYS or not all(0 <= at < _YEAR_10000 for at in times):
        return "a number or a time in the key ring is out of range"
    if [key.number for key in keys if key.retired_at is None] != numbers[-1:]:
        return "exactly the newest key of the ring must be without retired_at"
    return ""
