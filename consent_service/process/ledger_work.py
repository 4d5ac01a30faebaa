"""Ledger work of the work process, site by site: seal, trim, drop. A site that fails holds up no other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
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
from consent_service.process.replaceable import Replaceable
from consent_service.services.configured_store import configured_store
from consent_service.services.sealing import sealing_lease
from consent_service.store.contract import Store

_log = structlog.get_logger("consent_service.ledger")
_NEVER: Final = 0


class Sealing:
    """Seals every site at each interval, beside whatever else the loop does."""

    def __init__(self) -> None:
        self._task = Replaceable()

    def start(self, config: Config) -> None:
        """Go on under this configuration. What is cut off here is done at the next round."""
        self._task.stop()
        if config.ledger.archive and config.keys is not None:
            self._task.start(_for_ever(config, Signer(config.keys)))

    async def end(self) -> None:
        """Stop, and let go of the store."""
        await self._task.end()


async def _for_ever(config: Config, signer: Signer) -> None:
    settings = config.ledger
    while True:
        try:
            await _open_and_run(config, signer)
        except ConsentError as error:  # the store, or the archive, may be there next time
            _log.error("ledger not sealed", error=type(error).__name__, reason=str(error))
        await asyncio.sleep(settings.seal_every)


async def _open_and_run(config: Config, signer: Signer) -> None:
    archive = open_archive(config.ledger.archive)
    async with configured_store(config.service) as store:
        await run_once(store, archive, signer, config.ledger, config.sites, time.time)


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
    async with sealing_lease(sealer) as leased:
        if not leased:
            return
        sealed, trimmed = await sealer.seal(), 0
        if settings.trim_after_days != _NEVER:
            trimmed = await trim(sealer, now - settings.trim_after_days * DAY)
        dropped = await drop(sealer, _seconds_kept(settings.months_kept), now)
    if sealed or trimmed or dropped:
        _log.info("ledger sealed", site=sealer.site, segments=sealed, trimmed=trimmed, dropped=dropped)


def _seconds_kept(months: Kept) -> dict[str, int]:
    """Months as the longest ones: never too early."""
    return {kind: getattr(months, kind) * 31 * DAY for kind in months.__struct_fields__}
