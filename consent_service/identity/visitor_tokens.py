"""Visitor tokens, and the ids of visitors, records and consumers.

A token is a browser's signed and sealed id, with the standing's version and the linked consumer. It proves which
visitor it is, on one site, and how new the standing was when it was written; it grants nothing. Ids that must be
found again are derived from the hashing key, which never rotates. Knows nothing of cookies, standings or the
clock.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from consent_service.errors import TokenExpired, TokenForged
from consent_service.identity.key_ring import DAY, KeyPurpose, KeyRing, keyed_hash
from consent_service.identity.sealed_texts import CLOCK_SKEW, SealedTexts

ID_BYTES: Final = 16
MAX_AGE: Final = 400 * DAY  # the longest that browsers keep a cookie
MAX_LENGTH: Final = 512

_ALONE: Final = struct.Struct(">16sQQ")
_LINKED: Final = struct.Struct(">16sQQ16s")


class VisitorClaims(NamedTuple):
    """Contents of a visitor token. `version`: of the standing. `consumer`: a consumer hash or None. Unix seconds."""

    visitor_id: bytes
    version: int
    consumer: bytes | None
    issued_at: int


class VisitorTokens:
    """Signer and verifier of visitor tokens over a key ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._texts = SealedTexts(ring, KeyPurpose.VISITOR_TOKEN, MAX_LENGTH)

    def sign(self, site: str, claims: VisitorClaims) -> str:
        """Return the token of these claims for this site: about 110 characters of `[A-Za-z0-9._-]`.

        Raises ValueError if an id is not 16 bytes long.
        """
        return self._texts.sign(site, _pack(claims))

    def unsign(self, site: str, token: str, now: int) -> VisitorClaims:
        """Return the claims of the token. Raises only TokenForged, TokenExpired, KeyUnknown or KeyRetired.

        A token is expired if it is older than 400 days, or was issued more than a minute after `now`: a clock
        that can't be trusted says nothing about age.
        """
        claims = _unpack(self._texts.unsign(site, token, now))
        if not now - MAX_AGE <= claims.issued_at <= now + CLOCK_SKEW:
            raise TokenExpired("the token is older than 400 days, or from a clock ahead of ours")
        return claims


def _pack(claims: VisitorClaims) -> bytes:
    if any(len(value) != ID_BYTES for value in (claims.visitor_id, claims.consumer) if value is not None):
        raise ValueError(f"ids are {ID_BYTES} bytes long")
    if claims.consumer is None:
        return _ALONE.pack(claims.visitor_id, claims.version, claims.issued_at)
    return _LINKED.pack(claims.visitor_id, claims.version, claims.issued_at, claims.consumer)


def _unpack(payload: bytes) -> VisitorClaims:
    if len(payload) == _ALONE.size:
        visitor_id, version, issued_at = _ALONE.unpack(payload)
        return VisitorClaims(visitor_id, version, None, issued_at)
    if len(payload) == _LINKED.size:
        visitor_id, version, issued_at, consumer = _LINKED.unpack(payload)
        return VisitorClaims(visitor_id, version, consumer, issued_at)
    raise TokenForged("authentic payload, but not a visitor's claims")


# --- ids ------------------------------------------------------------------------------------------


def visitor_id_for(ring: KeyRing, site: str, idempotency_key: bytes, *, doubted: bool = False) -> bytes:
    """Return the id of the visitor that the call with this key mints on this site; 16 bytes.

    A retry carries the same key and so gets the same visitor. Without the hashing key, nobody can derive one id
    from the other. `doubted`: the visitor replaces an identity that can't be honoured, and is never the one
    that the same call would mint without such an identity (design rule 2).
    """
    parts = [site.encode(), idempotency_key, *([b"doubted"] if doubted else [])]
    return keyed_hash(ring.hashing_key, KeyPurpose.VISITOR_ID, parts)[:ID_BYTES]


def record_id(ring: KeyRing, site: str, visitor_id: bytes) -> bytes:
    """Return the id of the visitor's record; 16 bytes. It does not lead back to the id in the visitor's cookie."""
    return keyed_hash(ring.hashing_key, KeyPurpose.RECORD, [site.encode(), visitor_id])[:ID_BYTES]


def imported_id_for(ring: KeyRing, site: str, cookie: str, foreign_id: str) -> bytes:
    """Return the id of a record imported from another consent tool on this site; 16 bytes.

    `cookie`: name of the tool's cookie that holds the visitor's id. The id itself is never stored, and no token
    ever names the record: somebody who knows an id gains only its opt-out.
    """
    parts = [site.encode(), cookie.encode(), foreign_id.encode()]
    return keyed_hash(ring.hashing_key, KeyPurpose.IMPORTED, parts)[:ID_BYTES]


def consumer_hash(ring: KeyRing, business: str, reference: str) -> bytes:
    """Return the keyed hash of a person that the business knows; 16 bytes. The reference itself is never stored."""
    return keyed_hash(ring.hashing_key, KeyPurpose.CONSUMER, [business.encode(), reference.encode()])[
        :ID_BYTES
    ]
