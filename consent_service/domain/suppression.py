"""Suppression: the denials that outlive an erased visitor's record (design rule 8).

It takes the record's place as a record of nobody: a standing of opt-outs without a number. It holds the
rights that are denied for good, and since when, because for twelve months nobody is asked again. It holds
nothing of signals, methods, age or programmes.
"""

from __future__ import annotations

from typing import Final

from consent_service.domain.facts import Suppressed, suppressed_standing
from consent_service.domain.standing import SUBJECT_BYTES, Standing, VisitorRecord, pack_record
from consent_service.domain.words import AgeBand, Stance

NOBODY: Final = bytes(SUBJECT_BYTES)


def pack_suppression(standing: Standing) -> bytes:
    """Return the stored bytes of the suppression, readable like any record."""
    return pack_record(VisitorRecord(NOBODY, standing))


def suppression_of(standing: Standing | None, now: int) -> Standing:
    """Return the standing to leave behind when a record is erased. `standing`: None if there is no record.

    Sale and sharing are always denied. Sensitive information is denied if it was limited, if doubt denied it,
    if the law denies it for a minor (the age is not kept), or if nothing is known (design rule 2).
    """
    at = now if standing is None else max(now, standing.latest_at)
    return suppressed_standing(Suppressed(at, standing is None or _denies_sensitive(standing)))


def first_fact_of(suppression: Standing, now: int) -> Suppressed:
    """Return the first fact of a record that an erased visitor begins."""
    return Suppressed(max(now, suppression.latest_at), _denies_sensitive(suppression))


def _denies_sensitive(standing: Standing) -> bool:
    choice = standing.sensitive
    minor = standing.age is not None and standing.age < AgeBand.ADULT
    in_doubt = bool(standing.doubted_at) and not choice.confirmed
    return choice.stance is Stance.OPTED_OUT or in_doubt or minor
