"""Chains: one site's checkpoints, each checked by itself and then against those before it."""

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
from consent_service.ledger.findings import Finding, Tampering
from consent_service.ledger.times import Times

MOST_OF_A_CHECKPOINT: Final = 4 << 20
"""Bytes: a span for each of as many shards as a site can have takes a tenth of it."""


class Chain:
    """Checkpoints of one site. `names`: names of the site's objects that follow the service's naming."""

    def __init__(
        self, kept: Archive, keys: PublicKeys | None, site: str, names: list[str], times: Times
    ) -> None:
        self._kept = kept
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

    def check(self) -> Iterator[Finding]:
        """Yield the faults of each checkpoint, then those of the chain."""
        for before, number in pairwise([0, *self._numbers]):
            if number > before + 1:
                yield Finding(Tampering.CHECKPOINT_MISSING, *self._gap(before + 1, number - 1))
            yield from self._open(number)
        yield from self._links()
        yield from self._ages()

    def reaches(self, known: Checkpoint) -> Iterator[Finding]:
        """Yield a finding if a checkpoint kept elsewhere is missing here or differs."""
        name = object_names.checkpoint_name(self._site, known.number)
        if known.number > self._length:
            yield Finding(Tampering.TAIL_MISSING, name, f"the archive ends at {self._length}")
        elif known.number in self.checkpoints and self.checkpoints[known.number] != known:
            yield Finding(Tampering.CHAIN_BROKEN, name, "is not the one that was kept")

    def _open(self, number: int) -> Iterator[Finding]:
        name = object_names.checkpoint_name(self._site, number)
        try:
            data = self._kept.get(name, MOST_OF_A_CHECKPOINT)
            if data is None:
                yield Finding(Tampering.CHECKPOINT_MISSING, name)
            else:
                self.checkpoints[number] = checkpoints.open_checkpoint_at(
                    data, self._keys, self._site, number
                )
        except CheckpointElsewhere as error:
            yield Finding(Tampering.CHECKPOINT_SWAPPED, name, str(error))
        except (ObjectUnfit, NotCanonical, FormatNewer, IdentityError, CheckpointUnreadable) as error:
            yield refused(error, name, Tampering.CHECKPOINT_FORGED)

    def _gap(self, first: int, last: int) -> tuple[str, str]:
        """Return a gap's first object and a note about its length: one finding for a gap of any length."""
        name = object_names.checkpoint_name(self._site, first)
        return name, "" if first == last else f"and all up to checkpoint {last}, with their segments"

    def _links(self) -> Iterator[Finding]:
        through: dict[str, int] = {}
        for number, checkpoint in self.checkpoints.items():
            name = object_names.checkpoint_name(self._site, number)
            before = self.checkpoints.get(number - 1)
            whole = before is not None or number == 1
            if whole and checkpoint.previous != (checkpoints.digest_of(before) if before else ""):
                yield Finding(Tampering.CHAIN_BROKEN, name, f"does not go on from checkpoint {number - 1}")
            gaps = [shard for shard, span in checkpoint.spans.items() if span.after != through.get(shard, 0)]
            if gaps and len(self.checkpoints) == self._length:  # else what is missing is named already
                yield Finding(Tampering.SPAN_BROKEN, name, f"leaves something out of {', '.join(gaps)}")
            through |= {shard: span.through for shard, span in checkpoint.spans.items()}

    def _ages(self) -> Iterator[Finding]:
        """Yield a finding for a checkpoint older than the one before, or older than an entry that it seals."""
        before = 0
        for number, checkpoint in self.checkpoints.items():
            name = object_names.checkpoint_name(self._site, number)
            for kind, at in checkpoint.newest.items():
                yield from self._times.check(
                    name, at, f"its newest {kind} entry", by=(checkpoint.at, "the checkpoint itself")
                )
            yield from self._times.check(
                name, checkpoint.at, "its own time", since=(before, "the checkpoint before it")
            )
            before = checkpoint.at


def refused(error: Exception, name: str, otherwise: Tampering) -> Finding:
    """Return the finding about an object that can't be believed."""
    if isinstance(error, ObjectUnfit):
        return Finding(Tampering.OBJECT_UNFIT, name, error.why)
    if isinstance(error, NotCanonical):
        return Finding(Tampering.NOT_CANONICAL, name, str(error))
    if isinstance(error, FormatNewer):
        return Finding(Tampering.FORMAT_NEWER, name, str(error))
    return Finding(otherwise, name, str(error))
