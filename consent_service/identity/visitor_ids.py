"""Ids that are derived, not drawn: of a visitor minted by a request, of an import, a record, a consumer.

All come from the hashing key, which never rotates. Knows nothing of tokens or standings.
"""

from __future__ import annotations

from consent_service.identity.keys import KeyRing, Purpose, keyed_hash

ID_BYTES = 16


def visitor_id_for(ring: KeyRing, site: str, request_id: bytes, *, doubted: bool = False) -> bytes:
    """The id of the visitor whom the request with this id mints on this site; 16 bytes.

    A lost answer and its retry carry the same request id, so they meet the same visitor. Nobody without the
    key can tell a visitor's id from a request's. `doubted`: the visitor who takes the place of an identity that
    can't be honoured, never the one whom the same request mints without such an identity (design rule 2).
    """
    parts = [site.encode(), request_id, *([b"doubted"] if doubted else [])]
    return keyed_hash(ring.hashing_key, Purpose.VISITOR_ID, parts)[:ID_BYTES]


def record_id(ring: KeyRing, site: str, visitor_id: bytes) -> bytes:
    """Where the record of a visitor lies; 16 bytes. Nobody gets the id back that is in the visitor's cookie."""
    return keyed_hash(ring.hashing_key, Purpose.RECORD, [site.encode(), visitor_id])[:ID_BYTES]


def imported_id_for(ring: KeyRing, site: str, cookie: str, foreign_id: str) -> bytes:
    """Where the record lies that an import made of another consent tool's visitor on this site; 16 bytes.

    `cookie` is the one in which that tool keeps the id. The id itself is never kept, and no token ever names the
    record: whoever knows an id gains nothing but its opt-out.
    """
    parts = [site.encode(), cookie.encode(), foreign_id.encode()]
    return keyed_hash(ring.hashing_key, Purpose.IMPORTED, parts)[:ID_BYTES]


def consumer_hash(ring: KeyRing, business: str, reference: str) -> bytes:
    """What stands for a person the business knows; 16 bytes. The reference itself is never kept."""
    return keyed_hash(ring.hashing_key, Purpose.CONSUMER, [business.encode(), reference.encode()])[:ID_BYTES]
