"""The chain of one site's checkpoints: each is checked by itself, then against those before it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from consent_service.errors import IdentityError, ObjectUnfit
from consent_service.identity.signatures import PublicKeys
from consent_service.ledger import checkpoints, object_names
from consent_service.ledger.archive import Archive
from consent_service.ledger.canonical import FormatNewer, NotCanonical
from consent_service.ledger.checkpoints import Checkpoint, CheckpointElsewhere, CheckpointUnreadable
from consent_service.ledger.clock_check import ClockCheck
from consent_service.ledger.tampering import ArchiveFault, Tampering

MOST_OF_A_CHECKPOINT: Final = 4 << 20
"""Bytes: a span for each of as many shards as a site can have takes a tenth of it."""


class CheckpointChain:
    """Checkpoints of one site. `names`: names of the site's objects that follow the service's naming."""

    def __init__(
        self, archive: Archive, keys: PublicKeys | None, site: str, names: list[str], times: ClockCheck
    ) -> None:
        self._kept = archive
        self._keys = keys
        self._site = site
        self._times = times
        self.names = frozenset(name for name in names if object_names.is_object(name))
        self._numbers = sorted({object_names.number_of(name) for name in self.names})
        self._length = self._numbers[-1] if self._numbers else 0
        self.checkpoints: dict[int, Checkpoint] = {}

    @property
    def last(self) -> tuple[int, str] | None:
        """Number and digest of the newest valid checkpoint; None if there is none."""
        if not self.checkpoints:
            return None
        number = max(self.checkpoints)
        return number, checkpoints.digest_of(self.checkpoints[number])

    def check_chain(self) -> Iterator[ArchiveFault]:
        """Yield the faults of each checkpoint, then those of the chain."""
        for before, number in pairwise([0, *self._numbers]):
            if number > before + 1:
                yield ArchiveFault(Tampering.CHECKPOINT_MISSING, *self._gap_details(before + 1, number - 1))
            yield from self._open_checkpoint(number)
        yield from self._link_faults()
        yield from self._time_faults()

    def compare_reference(self, reference: Checkpoint) -> Iterator[ArchiveFault]:
        """Yield a finding if a checkpoint kept elsewhere is missing here or differs."""
        name = object_names.checkpoint_name(self._site, reference.number)
        if reference.number > self._length:
            yield ArchiveFault(Tampering.TAIL_MISSING, name, f"the archive ends at {self._length}")
        elif reference.number in self.checkpoints and self.checkpoints[reference.number] != reference:
            yield ArchiveFault(
                Tampering.CHAIN_BROKEN, name, "differs from the checkpoint that was kept elsewhere"
            )

    def _open_checkpoint(self, number: int) -> Iterator[ArchiveFault]:
        name = object_names.checkpoint_name(self._site, number)
        try:
            data = self._kept.get(name, MOST_OF_A_CHECKPOINT)
            if data is None:
                yield ArchiveFault(Tampering.CHECKPOINT_MISSING, name)
            else:
                self.checkpoints[number] = checkpoints.open_checkpoint_at(
                    data, self._keys, self._site, number
                )
        except CheckpointElsewhere as error:
            yield ArchiveFault(Tampering.CHECKPOINT_SWAPPED, name, str(error))
        except (ObjectUnfit, NotCanonical, FormatNewer, IdentityError, CheckpointUnreadable) as error:
            yield refusal_fault(error, name, Tampering.CHECKPOINT_FORGED)

    def _gap_details(self, first: int, last: int) -> tuple[str, str]:
        """Return a gap's first object and a note about its length: one finding for a gap of any length."""
        name = object_names.checkpoint_name(self._site, first)
        return name, "" if first == last else f"and all up to checkpoint {last}, with their segments"

    def _link_faults(self) -> Iterator[ArchiveFault]:
        through: dict[str, int] = {}
        for number, checkpoint in self.checkpoints.items():
            name = object_names.checkpoint_name(self._site, number)
            before = self.checkpoints.get(number - 1)
            whole = before is not None or number == 1
            if whole and checkpoint.previous != (checkpoints.digest_of(before) if before else ""):
                yield ArchiveFault(Tampering.CHAIN_BROKEN, name, f"does not continue checkpoint {number - 1}")
            gaps = [shard for shard, span in checkpoint.spans.items() if span.after != through.get(shard, 0)]
            if gaps and len(self.checkpoints) == self._length:  # else what is missing is named already
                yield ArchiveFault(Tampering.SPAN_BROKEN, name, f"skips positions of {', '.join(gaps)}")
            through |= {shard: span.through for shard, span in checkpoint.spans.items()}

    def _time_faults(self) -> Iterator[ArchiveFault]:
        """Yield a finding for a checkpoint older than the one before, or older than an entry that it seals."""
        before = 0
        for number, checkpoint in self.checkpoints.items():
            name = object_names.checkpoint_name(self._site, number)
            for kind, at in checkpoint.newest.items():
                yield from self._times.check_time(
                    name, at, f"its newest {kind} entry", latest=(checkpoint.at, "the checkpoint itself")
                )
            yield from self._times.check_time(
                name, checkpoint.at, "its own time", earliest=(before, "the checkpoint before it")
            )
            before = checkpoint.at


def refusal_fault(error: Exception, name: str, otherwise: Tampering) -> ArchiveFault:
    """Return the finding about an object that can't be believed."""
    if isinstance(error, ObjectUnfit):
        return ArchiveFault(Tampering.OBJECT_UNFIT, name, error.why)
    if isinstance(error, NotCanonical):
        return ArchiveFault(Tampering.NOT_CANONICAL, name, str(error))
    if isinstance(error, FormatNewer):
        return ArchiveFault(Tampering.FORMAT_NEWER, name, str(error))
    return ArchiveFault(otherwise, name, str(error))
