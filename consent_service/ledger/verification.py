"""Verification of an archive, from nothing but the archive and the public keys.

First the checkpoints, which are small: each signature, the chain, the spans without a gap. Then one segment
at a time, so that memory does not grow with the archive: its digest, its tree, its lines, its positions.
Every object is decoded, encoded again and compared: bytes that the service would not have written are faults,
whoever signed them. Each fault is named and located, and the check goes on. If somebody removed the newest
checkpoints, only a checkpoint kept elsewhere (`references`) can show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Thread
from typing import NamedTuple

from consent_service.errors import ObjectUnfit
from consent_service.identity.signatures import PublicKeys
from consent_service.ledger import object_names
from consent_service.ledger.archive import Archive
from consent_service.ledger.checkpoint_chain import CheckpointChain
from consent_service.ledger.checkpoints import Checkpoint
from consent_service.ledger.clock_check import ClockCheck
from consent_service.ledger.lines import LineReader
from consent_service.ledger.segment_check import (
    LEAST_KEPT,
    SegmentCheck,
    SiteArchive,
    UnpackedSegment,
    read_segment,
)
from consent_service.ledger.tampering import ArchiveFault, Tampering

__all__ = ["LEAST_KEPT", "VerificationReport", "verify"]


class VerificationReport(NamedTuple):
    """Result of a verification.

    `last`: by site, number and digest of its newest valid checkpoint: keep it elsewhere. `hints`: objects that
    the service itself can leave when it is interrupted; not faults.
    """

    entries: int
    segments: int
    dropped: int
    findings: list[ArchiveFault]
    last: dict[str, tuple[int, str]]
    hints: Sequence[ArchiveFault] = ()


def verify(
    archive: Archive,
    keys: PublicKeys | None,
    references: Iterable[Checkpoint] = (),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    now: int | None = None,
) -> VerificationReport:
    """Return a report on everything in the archive. `progress` is called with segments done and their total.

    `keys`: None skips the signatures. `now` (Unix seconds): None skips the times.
    """
    names, times, references = archive.names(), ClockCheck(now), list(references)
    chains = {
        site: CheckpointChain(archive, keys, site, site_names, times)
        for site, site_names in _names_by_site(names, references).items()
    }
    findings = [finding for chain in chains.values() for finding in chain.check_chain()]
    findings += [
        finding
        for checkpoint in references
        for finding in chains[checkpoint.site].compare_reference(checkpoint)
    ]
    total = sum(len(chain.checkpoints) for chain in chains.values())
    entries, dropped, hints = 0, 0, list[ArchiveFault]()
    for done, (segment_check, unpacked) in enumerate(_segment_checks(archive, keys, chains, times), 1):
        findings += segment_check.check_segment(unpacked)
        entries, dropped, hints = (
            entries + segment_check.entries,
            dropped + segment_check.dropped,
            hints + segment_check.hints,
        )
        progress(done, total)
    expected = {name for chain in chains.values() for name in chain.names}
    folders = {name.rpartition("/")[0] for name in expected} | chains.keys()
    for name in names:
        if name not in expected:
            harmless = object_names.is_leftover(name) or (name in folders and _is_empty(archive, name))
            (hints if harmless else findings).append(ArchiveFault(Tampering.OBJECT_UNKNOWN, name))
    if not expected and not findings:
        findings.append(
            ArchiveFault(Tampering.ARCHIVE_EMPTY, "archive", "it holds no object that could be checked")
        )
    last = {site: chain.last for site, chain in chains.items() if chain.last is not None}
    return VerificationReport(entries, total - dropped, dropped, findings, last, hints)


def _is_empty(archive: Archive, name: str) -> bool:
    """Return True for the empty object that an object store's console makes for a folder."""
    try:
        return archive.get(name, 0) == b""
    except ObjectUnfit:
        return False


def _segment_checks(
    archive: Archive, keys: PublicKeys | None, chains: dict[str, CheckpointChain], times: ClockCheck
) -> Iterator[tuple[SegmentCheck, UnpackedSegment]]:
    """Yield every segment with its contents."""
    for site, chain in chains.items():
        digests = {checkpoint.digest: checkpoint.number for checkpoint in chain.checkpoints.values()}
        shared = SiteArchive(archive, keys, chain.names, digests, times, LineReader(site))
        for checkpoint, unpacked in _read_ahead(archive, list(chain.checkpoints.values())):
            yield SegmentCheck(shared, checkpoint), unpacked


def _read_ahead(
    archive: Archive, checkpoints: Sequence[Checkpoint]
) -> Iterator[tuple[Checkpoint, UnpackedSegment]]:
    """Yield each checkpoint's segment while a thread reads the next one.

    Decompression releases the interpreter's lock, so the two run at the same time.
    """
    following: _SegmentReader | None = None
    for number, checkpoint in enumerate(checkpoints):
        reading = following or _SegmentReader(archive, checkpoint)
        next_one = checkpoints[number + 1 : number + 2]
        following = _SegmentReader(archive, next_one[0]) if next_one else None
        yield checkpoint, reading.result()


class _SegmentReader(Thread):
    """Thread that reads one segment.

    `concurrent.futures` would do, but importing it takes a tenth of a short run.
    """

    def __init__(self, archive: Archive, checkpoint: Checkpoint) -> None:
        super().__init__(daemon=True)
        self._kept = archive
        self._checkpoint = checkpoint
        self._found: UnpackedSegment | Exception | None = None
        self.start()

    def run(self) -> None:
        """Read the segment, and store what is raised for `result`."""
        try:
            self._found = read_segment(self._kept, self._checkpoint)
        except Exception as error:
            self._found = error

    def result(self) -> UnpackedSegment:
        """Return the segment once it is read. Raises ArchiveUnavailable."""
        self.join()
        if not isinstance(self._found, UnpackedSegment):
            raise self._found or SystemError("the segment's reader thread ended without a result")
        return self._found


def _names_by_site(names: Iterable[str], references: Iterable[Checkpoint]) -> dict[str, list[str]]:
    """Return the names of each site's objects, also of sites known only from a checkpoint kept elsewhere."""
    sites: dict[str, list[str]] = {checkpoint.site: [] for checkpoint in references}
    for name in names:
        site, slash, _ = name.partition("/")
        if slash:
            sites.setdefault(site, []).append(name)
    return dict(sorted(sites.items()))
