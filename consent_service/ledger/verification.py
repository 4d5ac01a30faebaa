"""Verification: whether an archive still says what was sealed, from nothing but the archive and the public keys.

First the heads, which are small: each signature, the chain, the spans without a gap. Then one segment at a time,
so that memory does not grow with the archive: its digest, its tree, its places. What is wrong is named and
located; reading goes on behind it. What the newest heads said before somebody took them away, only a checkpoint
that was kept elsewhere can tell (`known`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from consent_service.errors import IdentityError, ObjectUnfit
from consent_service.identity.signatures import PublicKeys
from consent_service.ledger import archive, heads, segments, tree
from consent_service.ledger.archive import Archive
from consent_service.ledger.findings import MOST_LINES, Finding, Tampering, differences
from consent_service.ledger.heads import Head, HeadUnreadable
from consent_service.ledger.segments import MARK_BYTES, SegmentDamaged

_MOST_OF_A_HEAD: Final = 4 << 20
"""Bytes: a span for each of as many shards as a site can have takes a tenth of it."""
LEAST_KEPT: Final = 730 * 86_400
"""24 months: no segment may go before (§ 7101)."""


class Report(NamedTuple):
    """What was found. `last`: for each site the digest of its newest head that holds: keep it elsewhere."""

    entries: int
    segments: int
    dropped: int
    findings: list[Finding]
    last: dict[str, tuple[int, str]]


def verify(
    kept: Archive,
    keys: PublicKeys,
    known: Iterable[Head] = (),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Check everything in the archive. `progress` is told how many of how many segments are done."""
    names = kept.names()
    chains = {site: _Chain(kept, keys, site, own) for site, own in _by_site(names, known).items()}
    findings = [finding for chain in chains.values() for finding in chain.check()]
    findings += [finding for head in known for finding in chains[head.site].reaches(head)]
    total = sum(len(chain.heads) for chain in chains.values())
    entries = done = dropped = 0
    for chain in chains.values():
        digests = {head.digest: head.number for head in chain.heads.values()}
        for head in chain.heads.values():
            checked = _Segment(kept, keys, head, digests)
            findings += checked.check()
            entries, dropped, done = entries + checked.entries, dropped + checked.dropped, done + 1
            progress(done, total)
    wanted = {name for chain in chains.values() for name in chain.names}
    findings += [Finding(Tampering.OBJECT_UNKNOWN, name) for name in names if name not in wanted]
    if not names and not findings:
        findings.append(Finding(Tampering.ARCHIVE_EMPTY, "archive", "nothing is in it that could be checked"))
    last = {site: chain.last for site, chain in chains.items() if chain.last is not None}
    return Report(entries, total - dropped, dropped, findings, last)


class _Chain:
    """One site's heads."""

    def __init__(self, kept: Archive, keys: PublicKeys, site: str, names: list[str]) -> None:
        self._kept = kept
        self._keys = keys
        self._site = site
        self.names = [name for name in names if name in _named(site, _number(name))]
        self._numbers = sorted({_number(name) for name in self.names})
        self._length = self._numbers[-1] if self._numbers else 0
        self.heads: dict[int, Head] = {}

    @property
    def last(self) -> tuple[int, str] | None:
        if not self.heads:
            return None
        number = max(self.heads)
        return number, heads.digest_of(self.heads[number])

    def check(self) -> Iterator[Finding]:
        """Every head's own faults, then those of the chain."""
        for before, number in pairwise([0, *self._numbers]):
            if number > before + 1:
                yield Finding(Tampering.HEAD_MISSING, *self._gap(before + 1, number - 1))
            name = archive.head_name(self._site, number)
            try:
                data = self._kept.get(name, _MOST_OF_A_HEAD)
                if data is None:
                    yield Finding(Tampering.HEAD_MISSING, name)
                    continue
                head = heads.open_head(data, self._keys)
            except ObjectUnfit as error:
                yield Finding(Tampering.OBJECT_UNFIT, name, error.why)
                continue
            except (IdentityError, HeadUnreadable) as error:
                yield Finding(Tampering.HEAD_FORGED, name, str(error))
                continue
            if (head.site, head.number) != (self._site, number):
                yield Finding(Tampering.HEAD_SWAPPED, name, f"is head {head.number} of {head.site}")
            else:
                self.heads[number] = head
        yield from self._links()

    def _gap(self, first: int, last: int) -> tuple[str, str]:
        """However many numbers nothing has, what they are is said once."""
        name = archive.head_name(self._site, first)
        return name, "" if first == last else f"and all up to head {last}, with their segments"

    def reaches(self, known: Head) -> Iterator[Finding]:
        """Whether this head, which somebody kept, is still where it was."""
        name = archive.head_name(self._site, known.number)
        if known.number > self._length:
            yield Finding(Tampering.TAIL_MISSING, name, f"the archive ends at {self._length}")
        elif known.number in self.heads and self.heads[known.number] != known:
            yield Finding(Tampering.CHAIN_BROKEN, name, "is not the one that was kept")

    def _links(self) -> Iterator[Finding]:
        through: dict[str, int] = {}
        for number, head in self.heads.items():
            name = archive.head_name(self._site, number)
            before = self.heads.get(number - 1)
            whole = before is not None or number == 1
            if whole and head.previous != (heads.digest_of(before) if before else ""):
                yield Finding(Tampering.CHAIN_BROKEN, name, f"does not go on from head {number - 1}")
            gaps = [shard for shard, span in head.spans.items() if span.after != through.get(shard, 0)]
            if gaps and len(self.heads) == self._length:  # else what is missing is named already
                yield Finding(Tampering.SPAN_BROKEN, name, f"leaves something out of {', '.join(gaps)}")
            through |= {shard: span.through for shard, span in head.spans.items()}


class _Segment:
    """One segment beside its head."""

    def __init__(self, kept: Archive, keys: PublicKeys, head: Head, digests: dict[str, int]) -> None:
        self._kept = kept
        self._keys = keys
        self._head = head
        self._digests = digests
        self._name = archive.segment_name(head.site, head.number)
        self.entries = 0
        self.dropped = 0

    def check(self) -> Iterator[Finding]:
        room = segments.room_for(self._head.entries)
        try:
            data = self._kept.get(self._name, room)
            if data is None:
                yield from self._absence()
                return
            raw = segments.unpack(data, room)
        except ObjectUnfit as error:
            yield Finding(Tampering.OBJECT_UNFIT, self._name, error.why)
            return
        except SegmentDamaged as error:
            cut = str(error) == "is cut off"
            what = Tampering.SEGMENT_TRUNCATED if cut else Tampering.SEGMENT_DAMAGED
            yield Finding(what, self._name, str(error))
            return
        as_sealed = segments.digest(raw) == self._head.digest
        if not as_sealed and (count := raw.count(b"\n")) > 2 * self._head.entries + MOST_LINES:
            yield Finding(Tampering.SEGMENT_DAMAGED, self._name, f"{count} lines are not as sealed")
            return
        lines = segments.split(raw)
        self.entries = len(lines)
        leaves = tree.leaf_hashes(lines)
        if not as_sealed:
            yield from self._difference(raw, lines, leaves)
        elif len(lines) != self._head.entries or tree.root(leaves).hex() != self._head.root:
            yield Finding(Tampering.ROOT_WRONG, self._name, "the head's root is not the tree's")
        else:
            yield from self._places(lines)
            if self._marks() is None:
                name = archive.marks_name(self._head.site, self._head.number)
                yield Finding(Tampering.MARKS_DAMAGED, name, "the segment itself is whole")

    def _difference(self, raw: bytes, lines: list[bytes], leaves: list[bytes]) -> Iterator[Finding]:
        other = self._digests.get(segments.digest(raw))
        if other is not None:
            yield Finding(Tampering.SEGMENT_SWAPPED, self._name, f"is segment {other}")
            return
        sealed = self._marks()
        if sealed is None:
            yield Finding(Tampering.SEGMENT_DAMAGED, self._name, "and so are the marks that would say where")
            return
        found = differences(sealed, [leaf[:MARK_BYTES] for leaf in leaves])
        for what, line in found[:MOST_LINES]:
            said = (
                ""
                if what is Tampering.ENTRY_MISSING
                else f": {lines[line - 1][-80:].decode(errors='replace')}"
            )
            yield Finding(what, f"{self._name} line {line}", f"of {self._head.entries} sealed{said}")
        if len(found) > MOST_LINES or not found:
            yield Finding(Tampering.SEGMENT_DAMAGED, self._name, f"{len(found)} lines are not as sealed")

    def _places(self, lines: list[bytes]) -> Iterator[Finding]:
        """Whoever sealed can have sealed nonsense: places rise and lie in the head's spans."""
        try:
            places = [segments.place_of(line) for line in lines]
        except SegmentDamaged as error:
            yield Finding(Tampering.PLACE_WRONG, self._name, str(error))
            return
        spans = self._head.spans
        outside = [
            place
            for place in places
            if place.shard not in spans
            or not spans[place.shard].after < place.sequence <= spans[place.shard].through
        ]
        fallen = [later for earlier, later in pairwise(places) if later <= earlier]
        for place in (outside + fallen)[:MOST_LINES]:
            yield Finding(Tampering.PLACE_WRONG, self._name, f"{list(place)} does not belong there")

    def _marks(self) -> list[bytes] | None:
        name = archive.marks_name(self._head.site, self._head.number)
        try:
            data = self._kept.get(name, self._head.entries * MARK_BYTES)
        except ObjectUnfit:
            return None
        if data is None or hashlib.sha256(data).hexdigest() != self._head.marks:
            return None
        return [data[at : at + MARK_BYTES] for at in range(0, len(data), MARK_BYTES)]

    def _absence(self) -> Iterator[Finding]:
        """A segment that is not there: dropped when its time was over, or taken away."""
        name = archive.anchor_name(self._head.site, self._head.number)
        try:
            data = self._kept.get(name, _MOST_OF_A_HEAD)
            if data is None:
                yield Finding(Tampering.SEGMENT_MISSING, self._name)
                return
            anchor = heads.open_anchor(data, self._keys)
        except ObjectUnfit as error:
            yield Finding(Tampering.OBJECT_UNFIT, name, error.why)
            return
        except (IdentityError, HeadUnreadable) as error:
            yield Finding(Tampering.ANCHOR_FORGED, name, str(error))
            return
        if anchor.head != heads.digest_of(self._head):
            yield Finding(Tampering.ANCHOR_FORGED, name, "stands for another segment")
        elif anchor.at < max(self._head.newest.values(), default=0) + LEAST_KEPT:
            yield Finding(Tampering.ANCHOR_EARLY, name, "it was dropped before 24 months were over")
        else:
            self.dropped = 1


def _by_site(names: Iterable[str], known: Iterable[Head]) -> dict[str, list[str]]:
    """The names of each site's objects, also of a site that only somebody's checkpoint knows."""
    sites: dict[str, list[str]] = {head.site: [] for head in known}
    for name in names:
        site, slash, _ = name.partition("/")
        if slash:
            sites.setdefault(site, []).append(name)
    return dict(sorted(sites.items()))


def _named(site: str, number: int) -> Iterator[str]:
    """What there can be under this number; nothing under 0."""
    kinds = (archive.head_name, archive.segment_name, archive.marks_name, archive.anchor_name)
    return (named(site, number) for named in kinds if number)


def _number(name: str) -> int:
    """The number in an object's name; 0 for what no segment is called."""
    stem = name.rpartition("/")[2].partition(".")[0]
    return int(stem) if len(stem) == 8 and stem.isdecimal() else 0
