"""Rebuild of every standing of a site from its ledger alone (design rule 6). The ledger does not say whose
they are.
"""

from __future__ import annotations

from collections.abc import Iterable

from consent_service.domain.facts import apply_fact
from consent_service.domain.standing import Standing
from consent_service.ledger.entries import ErasedEntry, decode, fact_of


def rebuild_standings(payloads: Iterable[bytes]) -> dict[str, Standing]:
    """Return the standing of each number from entries in the order of each shard, without erased numbers.

    Raises EntryUnreadable.
    """
    standings = dict[str, Standing]()
    for entry in map(decode, payloads):
        if isinstance(entry, ErasedEntry):
            standings.pop(entry.subject, None)
        else:
            standings[entry.subject] = apply_fact(standings.get(entry.subject, Standing()), fact_of(entry))
    return standings
