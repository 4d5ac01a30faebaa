"""Check of one segment against its checkpoint: lines, tree, marks, positions, times, or the anchor of a
dropped one.
"""

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
from consent_service.ledger.checkpoint_chain import MOST_OF_A_CHECKPOINT, refusal_fault
from consent_service.ledger.checkpoints import Anchor, Checkpoint, CheckpointUnreadable
from consent_service.ledger.clock_check import ClockCheck
from consent_service.ledger.lines import LineReader, LineValues
from consent_service.ledger.segments import MARK_BYTES, SegmentDamaged
from consent_service.ledger.span_check import span_faults
from consent_service.ledger.tampering import MOST_LINES, ArchiveFault, Tampering, compare_lines

LEAST_KEPT: Final = 730 * 86_400
"""24 months: no segment may go before (§ 7101)."""


class UnpackedSegment(NamedTuple):
    """Lines of a segment and their digest. `raw` is None if the segment is missing or unreadable (`fault`)."""

    raw: bytes | None = None
    digest: str = ""
    fault: ObjectUnfit | SegmentDamaged | None = None


def read_segment(archive: Archive, checkpoint: Checkpoint) -> UnpackedSegment:
    """Return a checkpoint's segment, read and decompressed.

    It depends on no other segment, so a thread may read the next one meanwhile.
    """
    room = segments.room_for(checkpoint.entries)
    try:
        data = archive.get(object_names.segment_name(checkpoint.site, checkpoint.number), room)
        if data is None:
            return UnpackedSegment()
        raw = segments.unpack(data, room)
    except (ObjectUnfit, SegmentDamaged) as error:
        return UnpackedSegment(fault=error)
    return UnpackedSegment(raw, segments.digest_of(raw))


@dataclass
class SiteArchive:
    """Values that are the same for all segments of one site.

    `digests`: segment number by digest. `oldest`: first segment that is still there, 0 before it was read.
    """

    archive: Archive
    keys: PublicKeys | None
    names: Collection[str]
    digests: Mapping[str, int]
    times: ClockCheck
    reader: LineReader
    oldest: int = 0


class SegmentCheck:
    """One segment beside its checkpoint."""

    def __init__(self, site: SiteArchive, checkpoint: Checkpoint) -> None:
        self._site = site
        self._checkpoint = checkpoint
        self._name = object_names.segment_name(checkpoint.site, checkpoint.number)
        self._anchor_name = object_names.anchor_name(checkpoint.site, checkpoint.number)
        self._marks_name = object_names.marks_name(checkpoint.site, checkpoint.number)
        self.entries = 0
        self.dropped = 0
        self.hints: list[ArchiveFault] = []

    def check_segment(self, unpacked: UnpackedSegment) -> Iterator[ArchiveFault]:
        """Yield a finding for each fault of the segment."""
        if unpacked.raw is None and unpacked.fault is None:
            yield from self._absence_faults()
            return
        self._site.oldest = self._site.oldest or self._checkpoint.number
        if unpacked.fault is not None:
            yield self._unreadable_fault(unpacked.fault)
        elif unpacked.raw is not None and unpacked.digest == self._checkpoint.digest:
            yield from self._as_sealed(unpacked.raw)
        elif unpacked.raw is not None:
            yield from self._changed_lines(unpacked.raw, unpacked.digest)
        if self._anchor_name in self._site.names:
            faults = list(self._anchor_faults())
            yield from faults
            self.hints += [] if faults else [ArchiveFault(Tampering.DROP_UNFINISHED, self._anchor_name)]

    def _unreadable_fault(self, fault: ObjectUnfit | SegmentDamaged) -> ArchiveFault:
        if isinstance(fault, ObjectUnfit):
            return ArchiveFault(Tampering.OBJECT_UNFIT, self._name, fault.why)
        cut = str(fault) == "is cut off"
        return ArchiveFault(
            Tampering.SEGMENT_TRUNCATED if cut else Tampering.SEGMENT_DAMAGED, self._name, str(fault)
        )

    def _as_sealed(self, raw: bytes) -> Iterator[ArchiveFault]:
        """Yield the faults of a segment whose digest matches: the sealer itself may have sealed invalid lines."""
        checkpoint = self._checkpoint
        if raw.count(b"\n") != checkpoint.entries or not raw.endswith(b"\n"):
            yield ArchiveFault(
                Tampering.ROOT_WRONG,
                self._name,
                f"does not have the {checkpoint.entries} lines that its checkpoint states",
            )
            return
        lines = segments.split(raw)
        self.entries = len(lines)
        leaves = tree.leaf_hashes(lines)
        if tree.root_of(leaves).hex() != checkpoint.root:
            yield ArchiveFault(
                Tampering.ROOT_WRONG,
                self._name,
                "the checkpoint's root differs from that of the segment's lines",
            )
            return
        yield from self._value_faults(lines)
        if self._read_marks() != segments.marks_of(leaves):
            yield ArchiveFault(Tampering.MARKS_DAMAGED, self._marks_name, "the segment itself is whole")

    def _value_faults(self, lines: list[bytes]) -> Iterator[ArchiveFault]:
        """Yield the differences between the lines and the values that the checkpoint names for them."""
        checkpoint, values = self._checkpoint, self._site.reader.read(lines)
        for fault in values.faults[:MOST_LINES]:
            yield ArchiveFault(fault.what, f"{self._name} line {fault.line}", fault.detail)
        if len(values.faults) > MOST_LINES:
            yield ArchiveFault(
                Tampering.NOT_CANONICAL,
                self._name,
                f"{len(values.faults)} lines are not as the service writes them",
            )
        for place in list(span_faults(values.shards, values.positions, checkpoint.spans))[:MOST_LINES]:
            yield ArchiveFault(Tampering.PLACE_WRONG, self._name, place)
        if not values.faults and values.newest != checkpoint.newest:
            times = ", ".join(f"{kind} {at}" for kind, at in sorted(values.newest.items()))
            name = object_names.checkpoint_name(checkpoint.site, checkpoint.number)
            yield ArchiveFault(Tampering.NEWEST_WRONG, name, f"the segment's newest entries are: {times}")
        yield from self._time_faults(values)

    def _time_faults(self, values: LineValues) -> Iterator[ArchiveFault]:
        if values.newest:
            last = max(values.newest.values())
            for at, which in ((values.oldest, "oldest"), (last, "newest")):
                yield from self._site.times.check_time(
                    self._name, at, f"the {which} entry's time", latest=(self._checkpoint.at, "it was sealed")
                )

    def _changed_lines(self, raw: bytes, digest: str) -> Iterator[ArchiveFault]:
        """Yield the changes in lines that are not as sealed."""
        if (count := raw.count(b"\n")) > 2 * self._checkpoint.entries + MOST_LINES:
            yield ArchiveFault(Tampering.SEGMENT_DAMAGED, self._name, f"{count} lines are not as sealed")
            return
        lines = segments.split(raw)
        self.entries = len(lines)
        segment_number, sealed = self._site.digests.get(digest), self._read_marks()
        if segment_number is not None:
            yield ArchiveFault(Tampering.SEGMENT_SWAPPED, self._name, f"is segment {segment_number}")
        elif sealed is None:
            yield ArchiveFault(
                Tampering.SEGMENT_DAMAGED,
                self._name,
                "the marks that would locate the change are damaged too",
            )
        else:
            yield from self._located_changes(lines, sealed)

    def _located_changes(self, lines: list[bytes], sealed: bytes) -> Iterator[ArchiveFault]:
        before = [sealed[at : at + MARK_BYTES] for at in range(0, len(sealed), MARK_BYTES)]
        changes = compare_lines(before, [leaf[:MARK_BYTES] for leaf in tree.leaf_hashes(lines)])
        for what, line in changes[:MOST_LINES]:
            missing = what is Tampering.ENTRY_MISSING
            text = "" if missing else f": {lines[line - 1][-80:].decode(errors='replace')}"
            yield ArchiveFault(
                what, f"{self._name} line {line}", f"of {self._checkpoint.entries} sealed{text}"
            )
        if len(changes) > MOST_LINES or not changes:
            yield ArchiveFault(
                Tampering.SEGMENT_DAMAGED, self._name, f"{len(changes)} lines are not as sealed"
            )

    def _read_marks(self) -> bytes | None:
        try:
            data = self._site.archive.get(self._marks_name, self._checkpoint.entries * MARK_BYTES)
        except ObjectUnfit:
            return None
        if data is None or hashlib.sha256(data).hexdigest() != self._checkpoint.marks:
            return None
        return data

    def _absence_faults(self) -> Iterator[ArchiveFault]:
        """Yield a finding if a missing segment has no anchor that says it was dropped in due time."""
        faults = list(self._anchor_faults())
        yield from faults
        if not faults and self._site.oldest:
            reason = (
                f"segment {self._site.oldest} is older and still in the archive; the oldest is dropped first"
            )
            yield ArchiveFault(Tampering.ANCHOR_FORGED, self._anchor_name, reason)
        if self._marks_name in self._site.names and self._read_marks() is None:
            yield ArchiveFault(Tampering.MARKS_DAMAGED, self._marks_name, "the segment itself is gone")
        self.dropped = 0 if faults else 1

    def _anchor_faults(self) -> Iterator[ArchiveFault]:
        name = self._anchor_name
        try:
            data = self._site.archive.get(name, MOST_OF_A_CHECKPOINT)
            if data is None:
                yield ArchiveFault(Tampering.SEGMENT_MISSING, self._name)
                return
            anchor = checkpoints.open_anchor(data, self._site.keys, self._checkpoint)
        except (ObjectUnfit, NotCanonical, FormatNewer, IdentityError, CheckpointUnreadable) as error:
            yield refusal_fault(error, name, Tampering.ANCHOR_FORGED)
            return
        yield from self._anchor_ages(anchor)

    def _anchor_ages(self, anchor: Anchor) -> Iterator[ArchiveFault]:
        if anchor.at < max(self._checkpoint.newest.values(), default=0) + LEAST_KEPT:
            yield ArchiveFault(
                Tampering.ANCHOR_EARLY, self._anchor_name, "it was dropped before 24 months were over"
            )
        yield from self._site.times.check_time(
            self._anchor_name, anchor.at, "its own time", earliest=(self._checkpoint.at, "its checkpoint")
        )
