"""Heads: what the service signs of its ledger, each chained to the one before: the site's checkpoints.

A head names its segment's digest, root and size, and the exact positions that it covers in each shard; the next
one goes on from there. An anchor stands for a segment whose time was over. Canonical JSON, like entries. Knows
nothing of where heads are kept.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple, TypeVar

import msgspec

from consent_service.errors import LedgerError
from consent_service.identity.signatures import PublicKeys, Signed, Signer, Statement, unsign
from consent_service.ledger.segments import Segment

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
    """The text is not a head or an anchor that this version can read."""


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


def open_head(data: bytes, keys: PublicKeys) -> Head:
    """The head of a signed object. Raises HeadUnreadable, KeyUnknown, TokenForged."""
    return _opened(data, keys, Head)


def open_anchor(data: bytes, keys: PublicKeys) -> Anchor:
    """The anchor of a signed object. Raises HeadUnreadable, KeyUnknown, TokenForged."""
    return _opened(data, keys, Anchor)


def digest_of(head: Head) -> str:
    """What the next head chains to."""
    return hashlib.sha256(_encoder.encode(head)).hexdigest()


def signed_of(data: bytes) -> Signed:
    """The signed object's parts, unchecked. Raises HeadUnreadable."""
    try:
        return msgspec.json.decode(data, type=Signed)
    except (msgspec.DecodeError, RecursionError) as error:
        raise HeadUnreadable(f"is no signed text: {error}") from error


_Said = TypeVar("_Said", Head, Anchor)
_encoder: Final = msgspec.json.Encoder(order="sorted")
_KINDS: Final[dict[type, Statement]] = {Head: Statement.CHECKPOINT, Anchor: Statement.ANCHOR}


def _opened(data: bytes, keys: PublicKeys, kind: type[_Said]) -> _Said:
    text = unsign(keys, _KINDS[kind], signed_of(data))
    try:
        said = msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise HeadUnreadable(f"says what this version can't read: {error}") from error
    if said.v != VERSION or _encoder.encode(said) != text.encode():
        raise HeadUnreadable(f"is of version {said.v}; this one reads {VERSION}")
    return said
