"""Erasures: which numbers the archive says were erased, so that a restored backup can be made to forget them again.

Only segments whose heads speak of erasures are read. Blocking: callers on an event loop give it a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from consent_service.errors import LedgerError
from consent_service.identity.signatures import PublicKeys
from consent_service.ledger import anchors, archive, entries, heads, segments, soundness
from consent_service.ledger.archive import Archive
from consent_service.ledger.entries import ErasedEntry
from consent_service.ledger.heads import Head
from consent_service.ledger.sealing import state_of
from consent_service.ledger.segments import Place
from consent_service.store.contract import Document
from consent_service.store.keys import sealing_name

REDONE: Final = sealing_name("erased")
"""The document, in the desk's shard, that says up to which head all erasures hold in this very store.

It is restored with the store: an older state says less.
"""
_KIND: Final = "erased"
_VERIFY: Final = "run `ledger verify`"


class Erasures(NamedTuple):
    """The numbers that were erased up to the head `through`."""

    numbers: set[bytes]
    through: int


class Reach(NamedTuple):
    """What a store knows of the archive: up to head `after` all erasures hold in it; it sealed head `sealed`."""

    after: int = 0
    sealed: int = 0


def erased(kept: Archive, keys: PublicKeys, site: str, reach: Reach) -> Erasures:
    """What the archive says behind a head. Raises LedgerError and IdentityError where it is not whole, or not as it
    was sealed.
    """
    numbers, through = set[bytes](), reach.after
    for head in _heads(kept, keys, site, reach):
        numbers.update(number for _, number in _within(kept, keys, head))
        through = head.number
    return Erasures(numbers, through)


def forgotten(
    kept: Archive, keys: PublicKeys, site: str, reach: Reach, lost: Callable[[str, int], bool]
) -> int:
    """How many erasures behind a head a restoration has undone: their commits are lost. Raises as `erased`."""
    places = (place for head in _heads(kept, keys, site, reach) for place, _ in _within(kept, keys, head))
    return sum(lost(place.shard, place.sequence) for place in places)


def reach(redone: Document | None, sealed: Document | None) -> Reach:
    """What the documents `REDONE` and `sealing.STATE` say. Raises LedgerError."""
    return Reach(int(redone.value) if redone else 0, state_of(sealed).number)


def _heads(kept: Archive, keys: PublicKeys, site: str, reach: Reach) -> Iterator[Head]:
    """All of them behind one: where one is missing, or the folder, nobody can say who else was erased."""
    ours = [name for name in kept.names() if name.startswith(f"{site}/heads/")]
    last, before = max(len(ours), reach.sealed), ""
    for number in range(reach.after + 1, last + 1):
        data = kept.get(archive.head_name(site, number))
        if data is None:
            missing = (
                f"the archive has {len(ours)} heads of {site} and lacks number {number} of at least {last}"
            )
            raise LedgerError(f"{missing}: whoever else was erased can't be told; {_VERIFY}")
        head = heads.trusted_head(data, keys, site, number)
        if before and head.previous != before:
            raise LedgerError(f"head {number} of {site} does not go on from head {number - 1}: {_VERIFY}")
        before = heads.digest_of(head)
        yield head


def _within(kept: Archive, keys: PublicKeys, head: Head) -> Iterator[tuple[Place, bytes]]:
    """Where each erasure of this segment stands, and its number; none when the segment was dropped in time."""
    if _KIND not in head.newest:
        return
    data = kept.get(archive.segment_name(head.site, head.number))
    if data is None:
        anchors.require(kept, keys, head)
        return
    for line in heads.trusted_lines(data, head):
        if b'"kind":"erased"' in line:
            place, payload = segments.entry_at(line)
            entry = entries.decode(payload)
            if isinstance(entry, ErasedEntry):
                soundness.check(entry)
                yield place, bytes.fromhex(entry.subject)
