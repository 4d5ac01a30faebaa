"""Layout: the Redis keys of a shard, and the packed form of a document.

All keys of one shard begin with its name in braces, the hash tag, so that a cluster keeps them on one node
and one script may touch them all. The letter behind it is the key's kind. A document is a plain string,
because Redis stores that smallest: a standing with its version fits the 44 bytes that lie inside the value's
own head.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from consent_service.errors import StoreCorrupt, StoreError
from consent_service.store.contract import Document
from consent_service.store.redis.faults import unstorable_error

SLOTS: Final = 16_384
HEADER: Final = b"{consent}header"
"""Key of the store's header: JSON, written once."""
SHARDS: Final = b"{consent}shards"
"""Every shard that was ever written, in the order of their first commits."""
LOST: Final = b"{consent}lost"
"""For each shard what restorations lost, JSON."""
MOVING: Final = b"{consent}moving"
"""Hash, there while a store is copied here: the field without a name says which, all others shards that are whole."""
MOVED: Final = b"{consent}moved"
"""The mark that a move left, JSON. While it is there no shard is registered, and each shard's head bears it too."""
HEADER_SLOT: Final = crc_hqx(b"consent", 0) % SLOTS

_MORTAL: Final = 8
"""Flag in a document's first byte, whose lower bits are the length of the version behind it."""
_EXPIRY: Final = struct.Struct(">q")


@dataclass(frozen=True, slots=True)
class ShardKeys:
    """The Redis keys of one shard: the prefix of all of them, and their slot in a cluster."""

    prefix: bytes
    slot: int

    @property
    def head_key(self) -> bytes:
        """Return the key of the head, a hash: `n` the counter, `c` the number of commits that wrote documents, `t` +
        log the last position trimmed, `m` the mark of a move, under which no commit is taken.
        """
        return self.prefix + b"h"

    @property
    def changes_key(self) -> bytes:
        """Return the key of the stream that names the documents of the last commits."""
        return self.prefix + b"c"

    @property
    def nothing_key(self) -> bytes:
        """Return a key that never exists. Writing no bytes into it is refused whenever a commit would be, and
        changes nothing.
        """
        return self.prefix + b"n"

    def document_key(self, name: bytes) -> bytes:
        """Return the key of a document, a string."""
        return self.prefix + b"d" + name

    def index_key(self, name: bytes) -> bytes:
        """Return the key of an index, a sorted set."""
        return self.prefix + b"i" + name

    def log_key(self, name: str) -> bytes:
        """Return the key of a log, a stream whose ids are positions."""
        return self.prefix + b"l" + name.encode()


@lru_cache(maxsize=16_384)
def shard_keys(shard: str) -> ShardKeys:
    """Return the keys of the shard. Raises StoreError for a name that can't be a hash tag."""
    if not shard or "{" in shard or "}" in shard:
        raise StoreError(f"a shard's name has no braces and is not empty: {shard!r}")
    try:
        tag = shard.encode()
    except UnicodeEncodeError as error:
        raise unstorable_error(error) from error
    return ShardKeys(b"{" + tag + b"}", crc_hqx(tag, 0) % SLOTS)


def packed_expiry(expires_at: int | None) -> bytes:
    """Return the expiry as it stands in a document. Raises struct.error for what no document can hold."""
    return b"" if expires_at is None else _EXPIRY.pack(expires_at)


def pack_document(stored: Document) -> bytes:
    """Return the document as commit.lua packs it. Inverse of `unpack_document`."""
    version = stored.version.to_bytes((stored.version.bit_length() + 7) // 8)
    mortal = 0 if stored.expires_at is None else _MORTAL
    return bytes([mortal + len(version)]) + version + packed_expiry(stored.expires_at) + stored.value


def unpack_document(data: bytes | None, now: float) -> Document | None:
    """Return the document that commit.lua packed, or None when there is none or it has expired."""
    if data is None:
        return None
    try:
        value_at = 1 + data[0] % _MORTAL
        version = int.from_bytes(data[1:value_at])
        if data[0] < _MORTAL:
            return Document(data[value_at:], version)
        (expires_at,) = _EXPIRY.unpack_from(data, value_at)
    except (IndexError, struct.error) as error:
        raise StoreCorrupt(
            "unreadable document: another program writes into this store's database; give the store one of its own"
        ) from error
    return Document(data[value_at + 8 :], version, expires_at) if expires_at > now else None
