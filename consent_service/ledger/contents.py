"""Contents: one segment beside its checkpoint: lines, tree, marks, places, times, or the anchor of a dropped one."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from consent_service.errors import IdentityError, ObjectUnfit
from consent_service.identity.signatures import PublicKeys
from consent_service.ledger import checkpoints, object_names, segments, tree
from consent_service.ledger.archive import Archive
from consent_service.ledger.canonical import FormatNewer, NotCanonical
from consent_service.ledger.chains import MOST_OF_A_CHECKPOINT, refused
from consent_service.ledger.checkpoints import Anchor, Checkpoint, CheckpointUnreadable
from consent_service.ledger.findings import MOST_LINES, Finding, Tampering, differences
from consent_service.ledger.lines import LineReader, Read
from consent_service.ledger.places import misplaced
from consent_service.ledger.segments import MARK_BYTES, SegmentDamaged
from consent_service.ledger.times import Times

LEAST_KEPT: Final = 730 * 86_400
"""24 months: no segment may go before (§ 7101)."""


class Unpacked(NamedTuple):
    """Lines of a segment and their digest. `raw` is None if the segment is missing or unreadable (`fault`)."""

    raw: bytes | None = None
    digest: str = ""
    fault: ObjectUnfit | SegmentDamaged | None = None


def unpacked(kept: Archive, checkpoint: Checkpoint) -> Unpacked:
    """Return a checkpoint's segment, read and decompressed.

    It depends on no other segment, so a thread may read the next one meanwhile.
    """
    room = segments.room_for(checkpoint.entries)
    try:
        data = kept.get(object_names.segment_name(checkpoint.site, checkpoint.number), room)
        if data is None:
            return Unpacked()
        raw = segments.unpack(data, room)
    except (ObjectUnfit, SegmentDamaged) as error:
        return Unpacked(fault=error)
    return Unpacked(raw, segments.digest(raw))


@dataclass
class Site:
    """Values that are the same for all segments of one site.

    `digests`: segment number by digest. `oldest`: first segment that is still there, 0 before it was read.
    """

    kept: Archive
    keys: PublicKeys | None
    names: Collection[str]
    digests: Mapping[str, int]
    times: Times
    reader: LineReader
    oldest: int = 0


class Contents:
    """One segment beside its checkpoint."""

    def __init__(self, site: Site, checkpoint: Checkpoint) -> None:
        self._site = site
        self._checkpoint = checkpoint
        self._name = object_names.segment_name(checkpoint.site, checkpoint.number)
        self._anchor_name = object_names.anchor_name(checkpoint.site, checkpoint.number)
        self._marks_name = object_names.marks_name(checkpoint.site, checkpoint.number)
        self.entries = 0
        self.dropped = 0
        self.hints: list[Finding] = []

    def check(self, found: Unpacked) -> Iterator[Finding]:
        """Yield a finding for each fault of the segment."""
        if found.raw is None and found.fault is None:
            yield from self._absence()
            return
        self._site.oldest = self._site.oldest or self._checkpoint.number
        if found.fault is not None:
            yield self._unreadable(found.fault)
        elif found.raw is not None and found.digest == self._checkpoint.digest:
            yield from self._as_sealed(found.raw)
        elif found.raw is not None:
            yield from self._difference(found.raw, found.digest)
        if self._anchor_name in self._site.names:
            faults = list(self._anchor_faults())
            yield from faults
            self.hints += [] if faults else [Finding(Tampering.DROP_UNFINISHED, self._anchor_name)]

    def _unreadable(self, fault: ObjectUnfit | SegmentDamaged) -> Finding:
        if isinstance(fault, ObjectUnfit):
            return Finding(Tampering.OBJECT_UNFIT, self._name, fault.why)
        cut = str(fault) == "is cut off"
        return Finding(
            Tampering.SEGMENT_TRUNCATED if cut else Tampering.SEGMENT_DAMAGED, self._name, str(fault)
        )

    def _as_sealed(self, raw: bytes) -> Iterator[Finding]:
        """Yield the faults of a segment whose digest matches: the sealer itself may have sealed invalid lines."""
        checkpoint = self._checkpoint
        if raw.count(b"\n") != checkpoint.entries or not raw.endswith(b"\n"):
            yield Finding(
                Tampering.ROOT_WRONG,
                self._name,
                f"has not the {checkpoint.entries} lines that its checkpoint says",
            )
            return
        lines = segments.split(raw)
        self.entries = len(lines)
        leaves = tree.leaf_hashes(lines)
        if tree.root(leaves).hex() != checkpoint.root:
            yield Finding(Tampering.ROOT_WRONG, self._name, "the checkpoint's root is not the tree's")
            return
        yield from self._said(lines)
        if self._marks() != segments.marks(leaves):
            yield Finding(Tampering.MARKS_DAMAGED, self._marks_name, "the segment itself is whole")

    def _said(self, lines: list[bytes]) -> Iterator[Finding]:
        """Yield the differences between the lines and the values that the checkpoint names for them."""
        checkpoint, read = self._checkpoint, self._site.reader.read(lines)
        for fault in read.faults[:MOST_LINES]:
            yield Finding(fault.what, f"{self._name} line {fault.line}", fault.detail)
        if len(read.faults) > MOST_LINES:
            yield Finding(Tampering.NOT_CANONICAL, self._name, f"{len(read.faults)} lines can't be believed")
        for place in list(misplaced(read.shards, read.positions, checkpoint.spans))[:MOST_LINES]:
            yield Finding(Tampering.PLACE_WRONG, self._name, place)
        if not read.faults and read.newest != checkpoint.newest:
            said = ", ".join(f"{kind} {at}" for kind, at in sorted(read.newest.items()))
            name = object_names.checkpoint_name(checkpoint.site, checkpoint.number)
            yield Finding(Tampering.NEWEST_WRONG, name, f"the segment's newest entries are: {said}")
        yield from self._ages(read)

    def _ages(self, read: Read) -> Iterator[Finding]:
        if read.newest:
            last = max(read.newest.values())
            for at, which in ((read.oldest, "oldest"), (last, "newest")):
                yield from self._site.times.check(
                    self._name, at, f"the {which} entry's time", by=(self._checkpoint.at, "it was sealed")
                )

    def _difference(self, raw: bytes, digest: str) -> Iterator[Finding]:
        """Yield the changes in lines that are not as sealed."""
        if (count := raw.count(b"\n")) > 2 * self._checkpoint.entries + MOST_LINES:
            yield Finding(Tampering.SEGMENT_DAMAGED, self._name, f"{count} lines are not as sealed")
            return
        lines = segments.split(raw)
        self.entries = len(lines)
        other, sealed = self._site.digests.get(digest), self._marks()
        if other is not None:
            yield Finding(Tampering.SEGMENT_SWAPPED, self._name, f"is segment {other}")
        elif sealed is None:
            yield Finding(Tampering.SEGMENT_DAMAGED, self._name, "and so are the marks that would say where")
        else:
            yield from self._located(lines, sealed)

    def _located(self, lines: list[bytes], sealed: bytes) -> Iterator[Finding]:
        before = [sealed[at : at + MARK_BYTES] for at in range(0, len(sealed), MARK_BYTES)]
        found = differences(before, [leaf[:MARK_BYTES] for leaf in tree.leaf_hashes(lines)])
        for what, line in found[:MOST_LINES]:
            missing = what is Tampering.ENTRY_MISSING
            said = "" if missing else f": {lines[line - 1][-80:].decode(errors='replace')}"
            yield Finding(what, f"{self._name} line {line}", f"of {self._checkpoint.entries} sealed{said}")
        if len(found) > MOST_LINES or not found:
            yield Finding(Tampering.SEGMENT_DAMAGED, self._name, f"{len(found)} lines are not as sealed")

    def _marks(self) -> bytes | None:
        try:
            data = self._site.kept.get(self._marks_name, self._checkpoint.entries * MARK_BYTES)
        except ObjectUnfit:
            return None
        if data is None or hashlib.sha256(data).hexdigest() != self._checkpoint.marks:
            return None
        return data

    def _absence(self) -> Iterator[Finding]:
        """Yield a finding if a missing segment has no anchor that says it was dropped in due time."""
        faults = list(self._anchor_faults())
        yield from faults
        if not faults and self._site.oldest:
            said = f"segment {self._site.oldest} is older and still there: the oldest goes first"
            yield Finding(Tampering.ANCHOR_FORGED, self._anchor_name, said)
        if self._marks_name in self._site.names and self._marks() is None:
            yield Finding(Tampering.MARKS_DAMAGED, self._marks_name, "the segment itself is gone")
        self.dropped = 0 if faults else 1

    def _anchor_faults(self) -> Iterator[Finding]:
        name = self._anchor_name
        try:
            data = self._site.kept.get(name, MOST_OF_A_CHECKPOINT)
            if data is None:
                yield Finding(Tampering.SEGMENT_MISSING, self._name)
                return
            anchor = checkpoints.open_anchor(data, self._site.keys, self._checkpoint)
        except (ObjectUnfit, NotCanonical, FormatNewer, IdentityError, CheckpointUnreadable) as error:
            yield refused(error, name, Tampering.ANCHOR_FORGED)
            return
        yield from self._anchor_ages(anchor)

    def _anchor_ages(self, anchor: Anchor) -> Iterator[Finding]:
        if anchor.at < max(self._checkpoint.newest.values(), default=0) + LEAST_KEPT:
            yield Finding(
                Tampering.ANCHOR_EARLY, self._anchor_name, "it was dropped before 24 months were over"
            )
        yield from self._site.times.check(
            self._anchor_name, anchor.at, "its own time", since=(self._checkpoint.at, "its checkpoint")
        )
