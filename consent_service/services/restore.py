"""Restore as a use case: put a backup in the store's place, and make what it brings back fit the service.

The restored store is compared with the key ring, and visitors who were erased since the backup are erased again.
The service must be stopped. Blocks until it is done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from consent_service.config import Config
from consent_service.errors import ConsentError, KeyRingForeign
from consent_service.identity.keys import KeyRing
from consent_service.services.configured_store import configured_store
from consent_service.services.erasure.after_restore import (
    ErasedAgain,
    LoggedErasures,
    erase_again,
    read_logged_erasures,
)
from consent_service.services.key_rings import take_up
from consent_service.store.engines import engine_of, local_file
from consent_service.store.transfer.copying import ShardProgress, show_nothing


class Restored(NamedTuple):
    """Outcome of a restore.

    `ring_warnings`: sentences on what the key ring lacks of the one that the backup was written under.
    `erased_again`: number of visitors. `doubt`: the reason why more may have to be erased, "" for none.
    """

    ring_warnings: list[str]
    erased_again: int
    doubt: str


def restore_store(
    config: Config,
    backup: Path,
    *,
    replaced: Callable[[Path | None], None],
    unverified: bool = False,
    progress: ShardProgress = show_nothing,
) -> Restored:
    """Put the backup in the place of the configured store. Raises StoreError, and then nothing has changed.

    `replaced` is called as soon as the backup stands there, with the name that the file before it has now, if there
    was one. From then on nothing raises ConsentError: the outcome says what is left to do. `unverified`: accept a
    SQLite file without a digest.
    """
    service = config.service
    logged, doubt = _read_erasures_before(config)
    previous = engine_of(service.store).restore(
        backup,
        service.store,
        relaxed=service.is_relaxed,
        unverified=unverified,
        progress=progress,
    )
    replaced(previous)
    ring_warnings = _compare_ring(config)
    again = _erase_again(config, logged)
    return Restored(ring_warnings, again.erased, doubt or again.doubt)


def _read_erasures_before(config: Config) -> tuple[Mapping[str, LoggedErasures], str]:
    """Return the erasures that the store knows before it is replaced, and the reason if it can't tell, or ""."""
    file = local_file(config.service.store)
    if file is None or not file.exists():
        nobody_knows = "no store stood here, and no archive is configured"
        return {}, "" if config.ledger.archive else nobody_knows
    try:
        return asyncio.run(read_logged_erasures(config)), ""
    except ConsentError as error:
        return {}, str(error)


def _compare_ring(config: Config) -> list[str]:
    """Return sentences on what the key ring lacks of the one that the restored store was written under."""
    if config.keys is None:
        return []
    try:
        return asyncio.run(_take_up(config, config.keys))
    except KeyRingForeign as error:
        return [f"`serve` will refuse the restored store: {error}"]
    except ConsentError as error:
        return [f"the restored store could not be compared with the key ring: {error}"]


async def _take_up(config: Config, ring: KeyRing) -> list[str]:
    async with configured_store(config.service) as store:
        return await take_up(store, ring, int(time.time()), dry=True)


def _erase_again(config: Config, logged: Mapping[str, LoggedErasures]) -> ErasedAgain:
    try:
        return asyncio.run(erase_again(config, logged))
    except ConsentError as error:
        return ErasedAgain(0, str(error))
