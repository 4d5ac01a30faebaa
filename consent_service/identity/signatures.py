"""Signatures that anybody can check: Ed25519 keys of the ring, for the service's public statements.

The private keys are derived from the ring's secrets, so that the ring's file is the only thing to keep safe.
A signed text begins with its purpose: no text of one kind passes for another's. A public key keeps its id for
ever, also after the ring's key was retired, because its signatures must stay checkable. Knows nothing of the
texts' contents.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from consent_service.errors import KeyRingInvalid, KeyUnknown, TokenForged
from consent_service.identity.key_ring import KeyPurpose, KeyRing, derive_subkey, from_base64url, to_base64url

_ID_BYTES: Final = 12
_SIGNATURE_BYTES: Final = 64


class Statement(StrEnum):
    """Kinds of signed texts."""

    CHECKPOINT = "consent-service checkpoint 1"
    ANCHOR = "consent-service anchor 1"
    PROMISE = "consent-service promise 1"


class Signed(msgspec.Struct, frozen=True):
    """A text, the id of the key that signed it, and the signature in base64url."""

    text: str
    key: str
    signature: str


class _Jwk(msgspec.Struct, frozen=True):
    """A public key as RFC 8037 writes it; members that we don't need are ignored."""

    x: str
    kid: str = ""
    kty: str = "OKP"
    crv: str = "Ed25519"
    use: str = "sig"
    alg: str = "EdDSA"


class _Jwks(msgspec.Struct, frozen=True):
    keys: list[_Jwk]


PublicKeys = Mapping[str, Ed25519PublicKey]
"""Public keys by their ids."""


class StatementSigner:
    """Signer with the ring's keys; without a named key it uses the current one."""

    def __init__(self, ring: KeyRing) -> None:
        self._private = {
            key_id(private.public_key()): private
            for private in (_private_key(key.secret) for key in ring.keys)  # oldest to newest
        }
        self.current = list(self._private)[-1]

    def sign(self, statement: Statement, text: str, key: str | None = None) -> Signed:
        """Return the signed text. The same text under the same key gives the same bytes. Raises KeyUnknown."""
        named = key or self.current
        private = self._private.get(named)
        if private is None:
            raise KeyUnknown(f"the ring holds no key {named}: put the ring back that signed with it")
        return Signed(text, named, to_base64url(private.sign(_message_of(statement, text))))

    def public_keys(self) -> dict[str, Ed25519PublicKey]:
        """Return every public key of the ring by id, also of retired keys."""
        return {name: private.public_key() for name, private in self._private.items()}


def unsign(keys: PublicKeys, statement: Statement, signed: Signed) -> str:
    """Return the text, signed by one of these keys. Raises KeyUnknown, or TokenForged if the signature is invalid."""
    key = keys.get(signed.key)
    if key is None:
        raise KeyUnknown(f"signed by key {signed.key}, which is not among those given")
    try:
        key.verify(from_base64url(signed.signature), _message_of(statement, signed.text))
    except (InvalidSignature, ValueError) as error:
        raise TokenForged(f"invalid signature of key {signed.key}") from error
    return signed.text


def read_unverified(signed: Signed) -> str:
    """Return the text without verifying its signature; only the form is checked. Raises TokenForged.

    For a reader who has no key and says so: the result proves nothing.
    """
    try:
        lengths = (len(from_base64url(signed.key)), len(from_base64url(signed.signature)))
    except ValueError as error:
        raise TokenForged("the signature or its key's id is not base64url") from error
    if lengths != (_ID_BYTES, _SIGNATURE_BYTES):
        raise TokenForged("the signature or its key's id has a wrong length")
    return signed.text


def key_id(key: Ed25519PublicKey) -> str:
    """Return the id of the key: the beginning of its digest."""
    return to_base64url(hashlib.sha256(key.public_bytes_raw()).digest()[:_ID_BYTES])


def encode_jwks(keys: PublicKeys) -> bytes:
    """Return the public keys as a JWK set (RFC 7517)."""
    jwks = [_Jwk(to_base64url(key.public_bytes_raw()), name) for name, key in keys.items()]
    return msgspec.json.encode(_Jwks(jwks))


def decode_jwks(data: bytes) -> dict[str, Ed25519PublicKey]:
    """Return the keys of a JWK set by id: the inverse of `encode_jwks`.

    Keys of other kinds and unknown members are skipped (RFC 7517 § 4). A member that occurs twice is refused:
    another reader could take the other one for the key. Raises KeyRingInvalid.
    """
    try:
        jwks = msgspec.json.decode(data, type=_Jwks).keys
        keys = [Ed25519PublicKey.from_public_bytes(from_base64url(key.x)) for key in _of_our_kind(jwks)]
        json.loads(data.decode(), object_pairs_hook=_refuse_doubled)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise KeyRingInvalid("not a set of public keys: take it from /.well-known/jwks.json") from error
    if not keys:
        raise KeyRingInvalid("the set holds no Ed25519 key: take it from /.well-known/jwks.json")
    return {
        key_id(key): key for key in keys
    }  # the id follows from the key; a `kid` that says otherwise is ignored


def _of_our_kind(keys: Iterable[_Jwk]) -> Iterable[_Jwk]:
    return (key for key in keys if (key.kty, key.crv) == ("OKP", "Ed25519"))


def _refuse_doubled(members: Sequence[tuple[str, object]]) -> None:
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        raise ValueError("a member stands twice")


def _private_key(secret: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(derive_subkey(secret, KeyPurpose.STATEMENT))


def _message_of(statement: Statement, text: str) -> bytes:
    return f"{statement}\n{text}".encode()
