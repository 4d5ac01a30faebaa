"""Erasure after a restore: erase again the visitors whom the restored copy still holds (design rule 8).

Two sources say who was erased since the copy was made: the log of the store that was replaced, and the archive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from consent_service.config import Config
from consent_service.errors import IdentityError, LedgerError
from consent_service.services.erasure.visitors import VisitorErasure, open_erasure


class LoggedErasures(NamedTuple):
    """Subject numbers that a store's log says were erased, and the last checkpoint that the store sealed."""

    subjects: frozenset[bytes] = frozenset()
    sealed: int = 0


class ErasedAgain(NamedTuple):
    """Number of visitors erased again. `doubt`: the reason why more may have to be erased, "" for none."""

    erased: int
    doubt: str = ""


async def read_logged_erasures(config: Config) -> dict[str, LoggedErasures]:
    """Return the erasures in the configured store's log, by site. Raises ConfigError, StoreError, LedgerError."""
    async with open_erasure(config, check_ring=False) as erasure:
        eraser = erasure.eraser
        return {
            site: LoggedErasures(
                frozenset(await eraser.read_erased_subjects(site)), (await eraser.read_reach(site)).sealed
            )
            for site in config.sites
        }


async def erase_again(config: Config, logged: Mapping[str, LoggedErasures]) -> ErasedAgain:
    """Erase the visitors whom the configured store holds although they were erased.

    `logged`: what the store before it knew, by site. Raises ConfigError, KeyRingForeign, StoreError.
    """
    erased, doubts = 0, list[str]()
    async with open_erasure(config) as erasure:
        for site in config.sites:
            outcome = await _erase_site_again(config, erasure, site, logged.get(site, LoggedErasures()))
            erased += outcome.erased
            doubts += [outcome.doubt] if outcome.doubt else []
    return ErasedAgain(erased, doubts[-1] if doubts else "")


async def _erase_site_again(
    config: Config, erasure: VisitorErasure, site: str, logged: LoggedErasures
) -> ErasedAgain:
    eraser, subjects = erasure.eraser, set(logged.subjects)
    through, doubt = None, ""
    if config.ledger.archive or logged.sealed:  # the log may have been trimmed where it was sealed
        try:
            archived = await erasure.read_archived(site, logged.sealed)
            subjects, through = subjects | archived.numbers, archived.through
        except (LedgerError, IdentityError) as error:
            doubt = str(error)
    keys = await eraser.find_subjects(site, subjects) if subjects else []
    erased = sum([await eraser.erase_visitor(site, key) for key in keys])
    if through is not None:
        await eraser.note_erased_through(site, through)
    return ErasedAgain(erased, doubt)
