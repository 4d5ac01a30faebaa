"""Heads: what the service signs of its ledger, each chained to the one before: the site's checkpoints.

A head names its segment's digest, root and size, and the exact positions that it covers in each shard; the next
one goes on from there. An anchor stands for a segment whose time was over. Canonical JSON, like entries. Knows
nothing of where heads are kept.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple, TypeVar

import msgspec

from consent_service.errors import IdentityError, LedgerError
from consent_service.identity.signatures import PublicKeys, Signed, Signer, Statement, unchecked, unsign
from consent_service.ledger import canonical, segments
from consent_service.ledger.canonical import FormatNewer, Unreadable
from consent_service.ledger.entries import KINDS
from consent_service.ledger.segments import MOST_LINES, Segment

VERSION: Final = 1


class Span(NamedTuple):
    """Commits of one shard: behind `after`, up to and with `through`."""

    after: int
    through: int


class Plan(msgspec.Struct, frozen=True):
    """What the next segment will be, fixed before it is made: its bytes follow from this and the log.

    `previous`: the digest of the head before, "" for the first; `at`: Unix seconds; `key`: whose signature.
    """

    number: int
    previous: str
    at: int
    key: str
    spans: dict[str, Span]


class Head(msgspec.Struct, frozen=True):
    """One checkpoint. `digest`: SHA-256 of the lines; `marks`: of the marks beside them; `newest`: see Segment."""

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
    """Says that the segment of the head with this digest was dropped, when its time was over."""

    site: str
    number: int
    head: str
    at: int
    v: int = VERSION


class HeadUnreadable(LedgerError):
    """The text is not a head or an anchor that this version can read, or says what none says."""


class HeadElsewhere(LedgerError):
    """The head holds, and lies in another one's place."""


def head_of(site: str, plan: Plan, segment: Segment) -> Head:
    """The head of the segment that was planned."""
    return Head(
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


def sign(signer: Signer, said: Head | Anchor, key: str | None = None) -> bytes:
    """The signed object, as it lies in the archive."""
    text = _encoder.encode(said).decode()
    return msgspec.json.encode(signer.sign(_KINDS[type(said)], text, key))


def open_head(data: bytes, keys: PublicKeys | None) -> Head:
    """Return the head of a signed object. Without keys its signature is not checked: only an auditor may do that.

    Raises KeyUnknown, TokenForged, HeadUnreadable, NotCanonical, FormatNewer.
    """
    head = _opened(data, keys, Statement.CHECKPOINT, _head)
    if unknown := sorted(head.newest.keys() - KINDS):
        raise FormatNewer(
            f"names entries of a kind {unknown[0]!r}: if a newer version made it, check it with that one"
        )
    if fault := _fault_of(head):
        raise HeadUnreadable(f"says what no head says: {fault}")
    return head


def open_head_at(data: bytes, keys: PublicKeys | None, site: str, number: int) -> Head:
    """Return the head that lies in this place of the archive. Raises as `open_head`, and HeadElsewhere."""
    head = open_head(data, keys)
    if (head.site, head.number) != (site, number):
        raise HeadElsewhere(f"is head {head.number} of {head.site}")
    return head


def trusted_head(data: bytes, keys: PublicKeys, site: str, number: int) -> Head:
    """Return the head in this place for whoever acts on it. Raises LedgerError for all that `verify` would name."""
    try:
        return open_head_at(data, keys, site, number)
    except (IdentityError, LedgerError) as error:
        raise LedgerError(f"head {number} of {site} does not hold: {error}: run `ledger verify`") from error


def trusted_anchor(data: bytes, keys: PublicKeys, head: Head) -> Anchor:
    """Return the anchor of this head's segment for whoever acts on it. Raises LedgerError as `trusted_head`."""
    try:
        return open_anchor(data, keys, head)
    except (IdentityError, LedgerError) as error:
        named = f"the anchor of segment {head.number} of {head.site}"
        raise LedgerError(f"{named} does not hold: {error}: run `ledger verify`") from error


def trusted_lines(data: bytes, head: Head) -> list[bytes]:
    """Return the lines of this head's segment for whoever acts on them. Raises LedgerError as `trusted_head`."""
    try:
        raw = segments.unpack(data, segments.room_for(head.entries))
        why = "" if segments.digest(raw) == head.digest else "is not as sealed"
    except segments.SegmentDamaged as error:
        why = str(error)
    if why:
        raise LedgerError(f"segment {head.number} of {head.site} {why}: run `ledger verify`")
    return segments.split(raw)


def open_anchor(data: bytes, keys: PublicKeys | None, head: Head) -> Anchor:
    """Return the anchor that stands for this head's segment. Raises as `open_head`."""
    anchor = _opened(data, keys, Statement.ANCHOR, _anchor)
    if (anchor.site, anchor.number) != (head.site, head.number):
        raise HeadUnreadable(f"names segment {anchor.number} of {anchor.site}: it stands for another segment")
    if anchor.head != digest_of(head):
        raise HeadUnreadable("names another head: it stands for another segment")
    if not 0 < anchor.at <= _LATEST:
        raise HeadUnreadable(f"says what no anchor says: {anchor.at} is no time")
    return anchor


def digest_of(head: Head) -> str:
    """What the next head chains to."""
    return hashlib.sha256(_encoder.encode(head)).hexdigest()


def signed_of(data: bytes) -> Signed:
    """The signed object's parts, unchecked. Raises HeadUnreadable, NotCanonical."""
    try:
        return canonical.read(data, _signed, _outer)
    except Unreadable as error:
        raise HeadUnreadable(f"is no signed text: {error}") from error


_Said = TypeVar("_Said", Head, Anchor)
_KINDS: Final[dict[type, Statement]] = {Head: Statement.CHECKPOINT, Anchor: Statement.ANCHOR}
_LATEST: Final = 2**53
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SHARD: Final = re.compile(r"[0-9]{2,4}|desk")
_encoder: Final = msgspec.json.Encoder(order="sorted")
_outer: Final = msgspec.json.Encoder()
_signed: Final = msgspec.json.Decoder(Signed)
_head: Final = msgspec.json.Decoder(Head)
_anchor: Final = msgspec.json.Decoder(Anchor)


def _opened(
    data: bytes, keys: PublicKeys | None, statement: Statement, decoder: msgspec.json.Decoder[_Said]
) -> _Said:
    signed = signed_of(data)
    text = (unchecked(signed) if keys is None else unsign(keys, statement, signed)).encode()
    canonical.refuse_newer(text, VERSION)
    try:
        said = canonical.read(text, decoder, _encoder)
    except Unreadable as error:
        raise HeadUnreadable(f"says what this version can't read: {error}") from error
    if said.v != VERSION:
        raise HeadUnreadable(f"is of version {said.v}; this one reads {VERSION}")
    return said


def _fault_of(head: Head) -> str:
    """Return what no log can make a head say; "" if there is nothing."""
    digests = [head.digest, head.root, head.marks, *([head.previous] if head.number > 1 else [])]
    times = [head.at, *head.newest.values()]
    if head.number < 1 or (head.number == 1 and head.previous):
        return f"number {head.number} behind head {head.previous!r}"
    if not all(map(_DIGEST.fullmatch, digests)):
        return "a digest that is not 64 hexadecimal digits in lower case"
    if not 1 <= head.entries <= MOST_LINES:
        return f"{head.entries} entries; a segment has 1 to {MOST_LINES}"
    if not head.newest:
        return "no kind of entry"
    if not all(0 < at <= _LATEST for at in times):
        return "a time that is none"
    for shard, span in head.spans.items():
        site, _, part = shard.rpartition(".")
        if site != head.site or not _SHARD.fullmatch(part):
            return f"shard {shard!r}, which is none of {head.site}"
        if not 0 <= span.after <= span.through <= _LATEST:
            return f"positions {list(span)} of {shard}"
    return ""
