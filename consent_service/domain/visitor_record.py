"""The record under a visitor's id: the number that names them in the ledger, and their standing.

Nothing else leads from a visitor to that number: it is drawn at random when the record begins, and stands
only here and in the entries. So the record is the map: without it nobody can say whose entries those are
(design rule 8).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from consent_service.domain.standing import Standing, pack, unpack

SUBJECT_BYTES: Final = 16
"""Random bytes of a number: as many as an id has, so that no two are alike."""


class VisitorRecord(NamedTuple):
    """Record of a visitor. `subject`: the number that their ledger entries bear."""

    subject: bytes
    standing: Standing


def pack_record(record: VisitorRecord) -> bytes:
    """Return the stored bytes of the record; a usual record fits the store's slot for small values."""
    if len(record.subject) != SUBJECT_BYTES:
        raise ValueError(f"a number has {SUBJECT_BYTES} bytes")
    return pack(record.standing) + record.subject


def unpack_record(data: bytes) -> VisitorRecord:
    """Return the record in these bytes: the inverse of `pack_record`. Raises `standing.StandingUnreadable`."""
    return VisitorRecord(data[-SUBJECT_BYTES:], standing_in(data))


def standing_in(data: bytes) -> Standing:
    """Return the standing in a packed record. Raises `standing.StandingUnreadable`."""
    return unpack(data[:-SUBJECT_BYTES])
