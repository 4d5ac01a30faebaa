"""The Merkle tree of RFC 6962 section 2.1, with proofs of inclusion and their check.

Hashes are SHA-256. A leaf is hashed behind a 0 byte and a node behind a 1 byte, so that no leaf passes for a
node. No tree grows after it was sealed, so there are no proofs between an earlier and a later tree: the
checkpoints are chained. Knows nothing of entries and segments. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

EMPTY: Final = sha256().digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one leaf."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return sha256(b"\1" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of the tree. `leaves` are leaf hashes, in order."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        # A last one without a sibling moves up as it is: the same tree as the RFC's, built from below.
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the proof that the leaf at `index` is in the tree: its siblings from the bottom up (section 2.1.1).

    Raises IndexError if there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    proof = []
    low, high = 0, len(leaves)
    while high - low > 1:
        middle = low + _split_size(high - low)
        if index < middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low = middle
    return proof[::-1]


def verify_proof(root_hash: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Return True if the proof shows this leaf hash at `index` of the tree with this root and size."""
    if not 0 <= index < size:
        return False
    place, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place % 2 or place == last:
            reached = node_hash(sibling, reached)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and reached == root_hash


def leaf_hashes(lines: Iterable[bytes]) -> list[bytes]:
    """Return the hashes of these leaves, in order."""
    return [sha256(b"\0" + line).digest() for line in lines]


def _split_size(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1
