"""Erasures: the numbers that the archive says were erased, so that a restored backup can erase them again.

Only segments whose checkpoints name erasures are read. Blocking: callers on an event loop use a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from consent_service.errors import LedgerError
from consent_service.identity.signatures import PublicKeys
from consent_service.ledger import anchors, checkpoints, entries, entry_check, object_names, segments
from consent_service.ledger.archive import Archive
from consent_service.ledger.checkpoints import Checkpoint
from consent_service.ledger.entries import ErasedEntry
from consent_service.ledger.sealer import state_of
from consent_service.ledger.segments import EntryPlace
from consent_service.store.contract import Document
from consent_service.store.names import sealing_name

REDONE: Final = sealing_name("erased")
"""The document, in the desk's shard, that says up to which checkpoint all erasures hold in this very store.

It is restored with the store: an older state says less.
"""
_KIND: Final = "erased"
_VERIFY: Final = "run `ledger verify`"


class Erasures(NamedTuple):
    """Numbers erased up to the checkpoint `through`."""

    numbers: set[bytes]
    through: int


class Reach(NamedTuple):
    """A store's view of the archive.

    `after`: up to this checkpoint all erasures are done in the store. `sealed`: last checkpoint that the store
    sealed.
    """

    after: int = 0
    sealed: int = 0


def read_erasures(archive: Archive, keys: PublicKeys, site: str, reach: Reach) -> Erasures:
    """Return the erasures sealed after checkpoint `reach.after`.

    Raises LedgerError and IdentityError if the archive is incomplete or not as it was sealed.
    """
    numbers, through = set[bytes](), reach.after
    for checkpoint in _later_checkpoints(archive, keys, site, reach):
        numbers.update(number for _, number in _erasures_in(archive, keys, checkpoint))
        through = checkpoint.number
    return Erasures(numbers, through)


def count_undone(
    archive: Archive, keys: PublicKeys, site: str, reach: Reach, lost: Callable[[str, int], bool]
) -> int:
    """Return how many erasures a restoration has undone because their commits are lost. Raises as `read_erasures`."""
    places = (
        place
        for checkpoint in _later_checkpoints(archive, keys, site, reach)
        for place, _ in _erasures_in(archive, keys, checkpoint)
    )
    return sum(lost(place.shard, place.sequence) for place in places)


def reach_of(redone: Document | None, sealed: Document | None) -> Reach:
    """Return the contents of the documents `REDONE` and `sealing.STATE`. Raises LedgerError."""
    return Reach(int(redone.value) if redone else 0, state_of(sealed).number)


def _later_checkpoints(archive: Archive, keys: PublicKeys, site: str, reach: Reach) -> Iterator[Checkpoint]:
    """Yield all checkpoints after `reach.after`.

    Raises LedgerError if one is missing, or the folder is: nobody could tell who else was erased.
    """
    names = [name for name in archive.names() if name.startswith(f"{site}/{object_names.CHECKPOINT_FOLDER}/")]
    last, before = max(len(names), reach.sealed), ""
    for number in range(reach.after + 1, last + 1):
        data = archive.get(object_names.checkpoint_name(site, number))
        if data is None:
            missing = f"checkpoint {number} of at least {last} of {site} is not in the archive"
            raise LedgerError(f"{missing}: the erasures in it are unknown; {_VERIFY}")
        checkpoint = checkpoints.trusted_checkpoint(data, keys, site, number)
        if before and checkpoint.previous != before:
            raise LedgerError(
                f"checkpoint {number} of {site} does not continue checkpoint {number - 1}: {_VERIFY}"
            )
        before = checkpoints.digest_of(checkpoint)
        yield checkpoint


def _erasures_in(
    archive: Archive, keys: PublicKeys, checkpoint: Checkpoint
) -> Iterator[tuple[EntryPlace, bytes]]:
    """Yield the place and number of each erasure in this segment; nothing if it was dropped in due time."""
    if _KIND not in checkpoint.newest:
        return
    data = archive.get(object_names.segment_name(checkpoint.site, checkpoint.number))
    if data is None:
        anchors.require_anchor(archive, keys, checkpoint)
        return
    for line in checkpoints.trusted_lines(data, checkpoint):
        if b'"kind":"erased"' in line:
            place, payload = segments.entry_at(line)
            entry = entries.decode(payload)
            if isinstance(entry, ErasedEntry):
                entry_check.check_entry(entry)
                yield place, bytes.fromhex(entry.subject)
