"""What the work process does for the ledger, site by site: seal, trim, drop. A site that fails holds up no other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

import structlog

from consent_service.config import Config, Kept, LedgerSettings
from consent_service.errors import ConsentError, LeaseLost
from consent_service.identity.keys import DAY
from consent_service.identity.signatures import Signer
from consent_service.ledger.archive import Archive, open_archive
from consent_service.ledger.retention import drop
from consent_service.ledger.sealing import Sealer
from consent_service.ledger.trimming import trim
from consent_service.store.contract import Store
from consent_service.store.url import open_store

_log = structlog.get_logger("consent_service.ledger")
_NEVER: Final = 0


class Sealing:
    """Seals every site at each interval, beside whatever else the loop does."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._before: list[asyncio.Task[None]] = []

    def start(self, config: Config) -> None:
        """Go on under this configuration. What is cut off here is done at the next round."""
        self._stop()
        if config.ledger.archive and config.keys is not None:
            self._task = asyncio.create_task(_for_ever(config, Signer(config.keys)))

    async def end(self) -> None:
        """Stop, and let go of the store."""
        self._stop()
        await asyncio.gather(*self._before, return_exceptions=True)

    def _stop(self) -> None:
        self._before = [task for task in self._before if not task.done()]
        if self._task is not None:
            self._task.cancel()
            self._before.append(self._task)


async def _for_ever(config: Config, signer: Signer) -> None:
    settings = config.ledger
    while True:
        try:
            await _open_and_run(config, signer)
        except ConsentError as error:  # the store, or the archive, may be there next time
            _log.error("ledger not sealed", error=type(error).__name__, reason=str(error))
        await asyncio.sleep(settings.seal_every)


async def _open_and_run(config: Config, signer: Signer) -> None:
    kept = open_archive(config.ledger.archive)
    relaxed = config.service.durability == "relaxed"
    store = open_store(config.service.store, relaxed=relaxed, clock=time.time)
    try:
        await run_once(store, kept, signer, config.ledger, config.sites, time.time)
    finally:
        await store.close()


async def run_once(
    store: Store,
    kept: Archive,
    signer: Signer,
    settings: LedgerSettings,
    sites: Iterable[str],
    clock: Callable[[], float],
) -> None:
    """One round over these sites; what goes wrong is logged, and done at the next."""
    for site in sites:
        sealer = Sealer(store, kept, signer, site, clock)
        try:
            await _round(sealer, settings, int(clock()))
        except LeaseLost:
            continue  # whoever took it does the work
        except ConsentError as error:
            _log.error("ledger not sealed", site=site, error=type(error).__name__, reason=str(error))


async def _round(sealer: Sealer, settings: LedgerSettings, now: int) -> None:
    if not await sealer.take_lease():
        return
    try:
        sealed, trimmed = await sealer.seal(), 0
        if settings.trim_after_days != _NEVER:
            trimmed = await trim(sealer, now - settings.trim_after_days * DAY)
        dropped = await drop(sealer, _seconds_kept(settings.months_kept), now)
    finally:
        with suppress(ConsentError):  # then it lapses by itself
            await sealer.release()
    if sealed or trimmed or dropped:
        _log.info("ledger sealed", site=sealer.site, segments=sealed, trimmed=trimmed, dropped=dropped)


def _seconds_kept(months: Kept) -> dict[str, int]:
    """Months as the longest ones: never too early."""
    return {kind: getattr(months, kind) * 31 * DAY for kind in months.__struct_fields__}
