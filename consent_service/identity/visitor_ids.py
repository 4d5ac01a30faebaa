"""Ids that are derived, not drawn: of a visitor minted by a call, of an import, a record, a consumer.

All come from the hashing key, which never rotates. Knows nothing of tokens or standings.
"""

from __future__ import annotations

from consent_service.identity.key_ring import KeyPurpose, KeyRing, keyed_hash

ID_BYTES = 16


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
