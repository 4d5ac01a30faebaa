"""Proofs for receipts: the signed promise, and the proof that a segment holds the entry.

Knows the forms; callers bring segments and checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from consent_service.identity.signatures import Signed, Statement, StatementSigner
from consent_service.ledger import entries, segments, tree
from consent_service.ledger.entries import ReceiptTarget
from consent_service.ledger.segments import EntryPlace

_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Inclusion(msgspec.Struct, frozen=True):
    """Proof that a line is in a segment's tree (RFC 6962): hashes in hex, from the bottom up."""

    line: str
    index: int
    size: int
    path: list[str]


class _Promise(msgspec.Struct, frozen=True):
    digest: str
    id: str
    place: EntryPlace
    site: str


def sign_promise(
    signer: StatementSigner, site: str, receipt: str, place: EntryPlace, payload: bytes
) -> Signed:
    """Return the signed promise that the entry with this digest stands at this place and will be sealed there."""
    statement = _Promise(entries.digest_of(payload), receipt, place, site)
    return signer.sign(Statement.PROMISE, msgspec.json.encode(statement).decode())


def prove_inclusion(lines: Sequence[bytes], index: int) -> Inclusion:
    """Return the proof that the line with this number is in the segment of these lines."""
    path = tree.inclusion_proof(tree.leaf_hashes(lines), index)
    return Inclusion(lines[index].decode(), index, len(lines), [node.hex() for node in path])


def verify_inclusion(root: str, proof: Inclusion) -> bool:
    """Return True if the proof holds under the root in a checkpoint. Hashes are 64 hex digits in lower case."""
    if not all(map(_HASH.fullmatch, (root, *proof.path))):
        return False
    path = [bytes.fromhex(node) for node in proof.path]
    leaf = tree.leaf_hash(proof.line.encode())
    return tree.verify_proof(bytes.fromhex(root), proof.size, proof.index, leaf, path)


def index_of(lines: Sequence[bytes], target: ReceiptTarget) -> int | None:
    """Return the number of the line with the entry that the receipt names, or None."""
    id_member = f'"id":"{target.entry}"'.encode()
    for number, line in enumerate(lines):
        if id_member in line and segments.place_of(line)[:2] == (target.shard, target.sequence):
            return number
    return None
