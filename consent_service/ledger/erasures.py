"""Erasures: which numbers the archive says were erased, so that a restored backup can be made to forget them again.

Only segments whose heads speak of erasures are read. Blocking: callers on an event loop give it a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from consent_service.errors import LedgerError
from consent_service.identity.signatures import PublicKeys
from consent_service.ledger import archive, entries, heads, segments
from consent_service.ledger.archive import Archive
from consent_service.ledger.entries import ErasedEntry
from consent_service.ledger.heads import Head
from consent_service.ledger.segments import Place
from consent_service.store.contract import Document
from consent_service.store.keys import sealing_name

REDONE: Final = sealing_name("erased")
"""The document, in the desk's shard, that says up to which head all erasures hold in this very store.

It is restored with the store: an older state says less.
"""
_KIND: Final = "erased"


class Erasures(NamedTuple):
    """The numbers that were erased up to the head `through`."""

    numbers: set[bytes]
    through: int


def erased(kept: Archive, keys: PublicKeys, site: str, after: int = 0) -> Erasures:
    """What the archive says behind a head. Raises LedgerError and IdentityError where it is not as it was sealed."""
    numbers, through = set[bytes](), after
    for head in _heads(kept, keys, site, after):
        numbers.update(number for _, number in _within(kept, head))
        through = head.number
    return Erasures(numbers, through)


def forgotten(
    kept: Archive, keys: PublicKeys, site: str, after: int, lost: Callable[[str, int], bool]
) -> int:
    """How many erasures behind a head a restoration has undone: their commits are lost. Raises as `erased`."""
    places = (place for head in _heads(kept, keys, site, after) for place, _ in _within(kept, head))
    return sum(lost(place.shard, place.sequence) for place in places)


def redone(found: Document | None) -> int:
    """What `REDONE` says."""
    return int(found.value) if found else 0


def _heads(kept: Archive, keys: PublicKeys, site: str, after: int) -> Iterator[Head]:
    number = after + 1
    while (data := kept.get(archive.head_name(site, number))) is not None:
        yield heads.open_head(data, keys)
        number += 1


def _within(kept: Archive, head: Head) -> Iterator[tuple[Place, bytes]]:
    """Where each erasure of this segment stands, and its number; none when the segment was dropped in time."""
    data = kept.get(archive.segment_name(head.site, head.number)) if _KIND in head.newest else None
    if data is None:
        return
    raw = segments.unpack(data, segments.room_for(head.entries))
    if segments.digest(raw) != head.digest:
        raise LedgerError(f"segment {head.number} of {head.site} is not as sealed: run `ledger verify`")
    for line in segments.split(raw):
        if b'"kind":"erased"' in line:
            place, payload = segments.entry_at(line)
            entry = entries.decode(payload)
            if isinstance(entry, ErasedEntry):
                yield place, bytes.fromhex(entry.subject)
