"""Segments: a run of the log as one object: canonical JSON lines, compressed, with the leaves of its Merkle
tree.

A line holds an entry's own canonical bytes and its place, `[shard, sequence, number]`. Each line is one leaf.
Lines are sorted by shard, then by position. The lines are a pure function of the entries. The compressed
bytes also depend on the version of zlib, so digests are of the lines. Beside the segment lie its marks, the
first bytes of every leaf's hash: the root shows that a line was changed, the marks show which.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

from consent_service.errors import LedgerError
from consent_service.ledger import tree
from consent_service.store.contract import Entry

MARK_BYTES: Final = 8
"""Of each leaf's hash; enough to tell any two lines apart, and what proves is the root."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_LEVEL: Final = 6
_GZIP_HEADER: Final = re.compile(rb"\x1f\x8b\x08\x00\x00{4}[\x00\x02\x04][\x03\x13\xff]", re.DOTALL)
"""A gzip member without name, comment, extra field and time: nothing can be hidden there.

The last two bytes (RFC 1952 § 2.3) say how hard it was compressed, and on which system: Unix, macOS, unknown.
"""
_PADDING: Final = 4_096
"""Bytes, with a thousandth of the lines', that compression may add at most: zlib itself adds fewer."""
_MOST_OF_A_LINE: Final = 8_192
"""Bytes, on average over a segment: several times what any entry takes."""
_LARGEST: Final = 1 << 28
MOST_LINES: Final = 1 << 17
"""Of one segment: eight times as many as sealing puts there. A checkpoint that says more is not believed."""


class SegmentDamaged(LedgerError):
    """Bytes that are not a whole segment."""


class EntryPlace(NamedTuple):
    """Position of an entry in a site's log: shard, commit, number in the commit."""

    shard: str
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    number: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Segment(NamedTuple):
    """A packed segment with the values for its checkpoint. `newest`: latest time by kind of entry."""

    data: bytes
    marks: bytes
    entries: int
    digest: str
    root: str
    newest: dict[str, int]


class _Placed(msgspec.Struct, frozen=True):
    place: EntryPlace


class _EntryHeader(msgspec.Struct, frozen=True):
    kind: str
    at: int


def pack(entries: Iterable[Entry]) -> Segment:
    """Return the segment of these entries, which must be sorted by shard and position."""
    lines, newest = list[bytes](), dict[str, int]()
    for entry in entries:
        header = _header_decoder.decode(entry.payload)
        newest[header.kind] = max(newest.get(header.kind, 0), header.at)
        lines.append(line_of(entry.payload, EntryPlace(entry.shard, *entry.position)))
    leaves = tree.leaf_hashes(lines)
    raw = b"".join(line + b"\n" for line in lines)
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    data = deflate.compress(raw) + deflate.flush()
    return Segment(data, marks_of(leaves), len(lines), digest_of(raw), tree.root_of(leaves).hex(), newest)


def room_for(entries: int) -> int:
    """Return the most bytes that this many lines may take, with room for some added lines."""
    return min((entries + 64) * _MOST_OF_A_LINE, _LARGEST)


def unpack(data: bytes, most: int = _LARGEST) -> bytes:
    """Return the lines, each with its line end. `most`: their size limit in bytes.

    Raises SegmentDamaged unless the data is one whole gzip member as `pack` writes it. No more than `most`
    bytes are decompressed.
    """
    inflate = zlib.decompressobj(_GZIP)
    try:
        raw = inflate.decompress(data, most + 1)
    except zlib.error as error:
        raise SegmentDamaged(f"can't be decompressed: {error}") from error
    if len(raw) > most:
        raise SegmentDamaged(f"holds more than the {most} bytes that its lines can have")
    if not inflate.eof:
        raise SegmentDamaged("is cut off")
    if (
        inflate.unused_data
        or not _GZIP_HEADER.match(data)
        or len(data) > len(raw) + len(raw) // 1_000 + _PADDING
    ):
        raise SegmentDamaged("holds bytes that belong to no line")
    return raw


def split(raw: bytes) -> list[bytes]:
    """Return the lines without their line ends."""
    lines = raw.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def line_of(payload: bytes, place: EntryPlace) -> bytes:
    """Return the line of one entry: members sorted by name, as in the entry itself."""
    return b'{"entry":' + payload + b',"place":' + msgspec.json.encode(place) + b"}"


def entry_at(line: bytes) -> tuple[EntryPlace, bytes]:
    """Return the place and the entry in a line: the inverse of `line_of`. Raises SegmentDamaged."""
    place = place_of(line)
    end = len(b',"place":') + len(msgspec.json.encode(place)) + 1
    payload = line[len(b'{"entry":') : -end]
    if line_of(payload, place) != line:
        raise SegmentDamaged("holds a line that is not canonical")
    return place, payload


def place_of(line: bytes) -> EntryPlace:
    """Return the place of the line's entry. Raises SegmentDamaged."""
    try:
        return _place_decoder.decode(line).place
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SegmentDamaged(f"holds a line that can't be read: {error}") from error


def find_line(lines: Sequence[bytes], place: EntryPlace) -> int | None:
    """Return the number of the line with the entry at this place, or None."""
    end = b',"place":' + msgspec.json.encode(place) + b"}"
    return next((number for number, line in enumerate(lines) if line.endswith(end)), None)


def digest_of(raw: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(raw).hexdigest()


def marks_of(leaves: Iterable[bytes]) -> bytes:
    """Return the first bytes of each leaf's hash, concatenated."""
    return b"".join(leaf[:MARK_BYTES] for leaf in leaves)


_header_decoder: Final = msgspec.json.Decoder(_EntryHeader)
_place_decoder: Final = msgspec.json.Decoder(_Placed)
