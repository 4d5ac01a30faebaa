"""Checkpoints: signed statements about segments, each with the digest of the one before.

A checkpoint holds its segment's digest, root and size, and the exact positions that it covers in each shard.
The next one continues from there. An anchor stands for a segment that was dropped when its time was over.
Canonical JSON, like entries. Knows nothing of where checkpoints are stored.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple, TypeVar

import msgspec

from consent_service.errors import IdentityError, LedgerError
from consent_service.identity.signatures import (
    PublicKeys,
    Signed,
    Statement,
    StatementSigner,
    read_unverified,
    unsign,
)
from consent_service.ledger import canonical, segments
from consent_service.ledger.canonical import FormatNewer, Unreadable
from consent_service.ledger.entries import KINDS
from consent_service.ledger.segments import MOST_LINES, Segment

VERSION: Final = 1

STORED_NAME: Final = "head"
"""Member for a checkpoint in stored anchors and sealing states. Archives and stores hold it, so it never changes."""


class Span(NamedTuple):
    """Commits of one shard: those after `after`, up to and including `through`."""

    after: int
    through: int


class Plan(msgspec.Struct, frozen=True):
    """Plan of the next segment, committed first. The segment's bytes follow from it and the log.

    `previous`: digest of the checkpoint before, "" for the first one. `at`: Unix seconds. `key`: id of the
    signing key.
    """

    number: int
    previous: str
    at: int
    key: str
    spans: dict[str, Span]


class Checkpoint(msgspec.Struct, frozen=True):
    """Signed statement about one segment.

    `digest`: SHA-256 of the lines. `marks`: SHA-256 of the marks beside them. `newest`: see Segment.
    """

    site: str
    number: int
    previous: str
    at: int
    spans: dict[str, Span]
    entries: int
    digest: str
    root: str
    marks: str
    newest: dict[str, int]
    v: int = VERSION


class Anchor(msgspec.Struct, frozen=True):
    """Statement that the segment of the checkpoint with this digest was dropped when its time was over."""

    site: str
    number: int
    checkpoint: str = msgspec.field(name=STORED_NAME)
    at: int
    v: int = VERSION


class CheckpointUnreadable(LedgerError):
    """Text that is not a checkpoint or anchor of this version, or holds values that none can have."""


class CheckpointElsewhere(LedgerError):
    """A valid checkpoint that lies in the place of another one."""


def checkpoint_of(site: str, plan: Plan, segment: Segment) -> Checkpoint:
    """Return the checkpoint of the planned segment."""
    return Checkpoint(
        site,
        plan.number,
        plan.previous,
        plan.at,
        plan.spans,
        segment.entries,
        segment.digest,
        segment.root,
        hashlib.sha256(segment.marks).hexdigest(),
        segment.newest,
    )


def sign(signer: StatementSigner, statement: Checkpoint | Anchor, key: str | None = None) -> bytes:
    """Return the signed object as it is stored in the archive."""
    text = _encoder.encode(statement).decode()
    return msgspec.json.encode(signer.sign(_KINDS[type(statement)], text, key))


def open_checkpoint(data: bytes, keys: PublicKeys | None) -> Checkpoint:
    """Return the checkpoint in a signed object. Without keys its signature is not checked: for auditors only.

    Raises KeyUnknown, TokenForged, CheckpointUnreadable, NotCanonical, FormatNewer.
    """
    checkpoint = _open_signed(data, keys, Statement.CHECKPOINT, _checkpoint)
    if unknown := sorted(checkpoint.newest.keys() - KINDS):
        raise FormatNewer(
            f"names entries of a kind {unknown[0]!r}: if a newer version made it, check it with that one"
        )
    if fault := _fault_of(checkpoint):
        raise CheckpointUnreadable(f"holds a value that no checkpoint has: {fault}")
    return checkpoint


def open_checkpoint_at(data: bytes, keys: PublicKeys | None, site: str, number: int) -> Checkpoint:
    """Return the checkpoint in this place of the archive.

    Raises as `open_checkpoint`, and CheckpointElsewhere.
    """
    checkpoint = open_checkpoint(data, keys)
    if (checkpoint.site, checkpoint.number) != (site, number):
        raise CheckpointElsewhere(f"is checkpoint {checkpoint.number} of {checkpoint.site}")
    return checkpoint


def trusted_checkpoint(data: bytes, keys: PublicKeys, site: str, number: int) -> Checkpoint:
    """Return the checkpoint in this place, for callers that act on it.

    Raises LedgerError for every fault that `verify` would name.
    """
    try:
        return open_checkpoint_at(data, keys, site, number)
    except (IdentityError, LedgerError) as error:
        raise LedgerError(
            f"checkpoint {number} of {site} does not hold: {error}: run `ledger verify`"
        ) from error


def trusted_anchor(data: bytes, keys: PublicKeys, checkpoint: Checkpoint) -> Anchor:
    """Return the anchor of this checkpoint's segment, for callers that act on it.

    Raises LedgerError as `trusted_checkpoint`.
    """
    try:
        return open_anchor(data, keys, checkpoint)
    except (IdentityError, LedgerError) as error:
        anchor_name = f"the anchor of segment {checkpoint.number} of {checkpoint.site}"
        raise LedgerError(f"{anchor_name} does not hold: {error}: run `ledger verify`") from error


def trusted_lines(data: bytes, checkpoint: Checkpoint) -> list[bytes]:
    """Return the lines of this checkpoint's segment, for callers that act on them.

    Raises LedgerError as `trusted_checkpoint`.
    """
    try:
        raw = segments.unpack(data, segments.room_for(checkpoint.entries))
        why = "" if segments.digest_of(raw) == checkpoint.digest else "is not as sealed"
    except segments.SegmentDamaged as error:
        why = str(error)
    if why:
        raise LedgerError(f"segment {checkpoint.number} of {checkpoint.site} {why}: run `ledger verify`")
    return segments.split(raw)


def open_anchor(data: bytes, keys: PublicKeys | None, checkpoint: Checkpoint) -> Anchor:
    """Return the anchor for this checkpoint's segment. Raises as `open_checkpoint`."""
    anchor = _open_signed(data, keys, Statement.ANCHOR, _anchor)
    if (anchor.site, anchor.number) != (checkpoint.site, checkpoint.number):
        raise CheckpointUnreadable(
            f"names segment {anchor.number} of {anchor.site}: it stands for another segment"
        )
    if anchor.checkpoint != digest_of(checkpoint):
        raise CheckpointUnreadable("names another checkpoint: it stands for another segment")
    if not 0 < anchor.at <= _LATEST:
        raise CheckpointUnreadable(f"holds a value that no anchor has: {anchor.at} is not a time")
    return anchor


def digest_of(checkpoint: Checkpoint) -> str:
    """Return the digest that the next checkpoint names as its `previous`."""
    return hashlib.sha256(_encoder.encode(checkpoint)).hexdigest()


def signed_of(data: bytes) -> Signed:
    """Return the parts of the signed object, unverified. Raises CheckpointUnreadable, NotCanonical."""
    try:
        return canonical.read(data, _signed, _outer)
    except Unreadable as error:
        raise CheckpointUnreadable(f"is not a signed statement: {error}") from error


_Content = TypeVar("_Content", Checkpoint, Anchor)
_KINDS: Final[dict[type, Statement]] = {Checkpoint: Statement.CHECKPOINT, Anchor: Statement.ANCHOR}
_LATEST: Final = 2**53
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SHARD: Final = re.compile(r"[0-9]{2,4}|desk")
_encoder: Final = msgspec.json.Encoder(order="sorted")
_outer: Final = msgspec.json.Encoder()
_signed: Final = msgspec.json.Decoder(Signed)
_checkpoint: Final = msgspec.json.Decoder(Checkpoint)
_anchor: Final = msgspec.json.Decoder(Anchor)


def _open_signed(
    data: bytes, keys: PublicKeys | None, statement: Statement, decoder: msgspec.json.Decoder[_Content]
) -> _Content:
    signed = signed_of(data)
    text = (read_unverified(signed) if keys is None else unsign(keys, statement, signed)).encode()
    canonical.refuse_newer(text, VERSION)
    try:
        content = canonical.read(text, decoder, _encoder)
    except Unreadable as error:
        raise CheckpointUnreadable(f"holds a statement that this version can't read: {error}") from error
    if content.v != VERSION:
        raise CheckpointUnreadable(f"is of version {content.v}; this one reads {VERSION}")
    return content


def _fault_of(checkpoint: Checkpoint) -> str:
    """Return the value that no log can produce in a checkpoint; "" if there is none."""
    digests = [
        checkpoint.digest,
        checkpoint.root,
        checkpoint.marks,
        *([checkpoint.previous] if checkpoint.number > 1 else []),
    ]
    times = [checkpoint.at, *checkpoint.newest.values()]
    if checkpoint.number < 1 or (checkpoint.number == 1 and checkpoint.previous):
        return f"number {checkpoint.number} behind checkpoint {checkpoint.previous!r}"
    if not all(map(_DIGEST.fullmatch, digests)):
        return "a digest that is not 64 hexadecimal digits in lower case"
    if not 1 <= checkpoint.entries <= MOST_LINES:
        return f"{checkpoint.entries} entries; a segment has 1 to {MOST_LINES}"
    if not checkpoint.newest:
        return "no kind of entry"
    if not all(0 < at <= _LATEST for at in times):
        return "a time out of range"
    for shard, span in checkpoint.spans.items():
        site, _, part = shard.rpartition(".")
        if site != checkpoint.site or not _SHARD.fullmatch(part):
            return f"shard {shard!r}, which is none of {checkpoint.site}"
        if not 0 <= span.after <= span.through <= _LATEST:
            return f"positions {list(span)} of {shard}"
    return ""
