"""Suppression: what an erased visitor leaves behind, so that their opt-out outlives their record (design rule 8).

It takes the record's place as a record of nobody: a standing of opt-outs without a number. It holds which rights are
denied for good, and since when, because for twelve months nobody is asked again; nothing of signals, methods, age or
programmes.
"""

from __future__ import annotations

from typing import Final

from consent_service.domain.facts import Suppressed, suppressed
from consent_service.domain.records import SUBJECT_BYTES, VisitorRecord, pack_record
from consent_service.domain.standing import Standing
from consent_service.domain.words import AgeBand, Stance

NOBODY: Final = bytes(SUBJECT_BYTES)


def pack_suppression(standing: Standing) -> bytes:
    """The suppression as it is stored, readable like any record."""
    return pack_record(VisitorRecord(NOBODY, standing))


def suppressing(standing: Standing | None, now: int) -> Standing:
    """What to leave of a record; None: there is none.

    Sale and sharing always. Sensitive information where it was limited, where doubt denied it, where the law does
    for a minor, whose age is not kept, and where nothing is known (design rule 2).
    """
    at = now if standing is None else max(now, standing.latest_at)
    return suppressed(Suppressed(at, standing is None or _limits(standing)))


def beginning(suppression: Standing, now: int) -> Suppressed:
    """The first fact of a record that an erased visitor begins."""
    return Suppressed(max(now, suppression.latest_at), _limits(suppression))


def _limits(standing: Standing) -> bool:
    choice = standing.sensitive
    minor = standing.age is not None and standing.age < AgeBand.ADULT
    in_doubt = bool(standing.doubted_at) and not choice.confirmed
    return choice.stance is Stance.OPTED_OUT or in_doubt or minor
