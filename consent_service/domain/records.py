"""The record: what lies under a visitor's id, the number that the ledger names them by and their standing.

Nothing else leads from a visitor to that number: it is drawn by lot when the record begins and stands only here and
in the entries, so the record is the map, and without it nobody can say whose entries those are (design rule 8).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from consent_service.domain.standing import Standing, pack, unpack

SUBJECT_BYTES: Final = 16
"""Random bytes of a number: as many as an id has, so that no two are alike."""


class VisitorRecord(NamedTuple):
    """A visitor's record. `subject`: the number that their entries bear."""

    subject: bytes
    standing: Standing


def pack_record(record: VisitorRecord) -> bytes:
    """The record as it is stored: small enough for the place that a store has for small values."""
    if len(record.subject) != SUBJECT_BYTES:
        raise ValueError(f"a number has {SUBJECT_BYTES} bytes")
    return pack(record.standing) + record.subject


def unpack_record(data: bytes) -> VisitorRecord:
    """The inverse of `pack_record`. Raises `standing.StandingUnreadable`."""
    return VisitorRecord(data[-SUBJECT_BYTES:], standing_in(data))


def standing_in(data: bytes) -> Standing:
    """The standing of a packed record. Raises `standing.StandingUnreadable`."""
    return unpack(data[:-SUBJECT_BYTES])
