"""Sealing on demand: seal the waiting entries of sites now, beside a running service or without one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from consent_service.config import Config
from consent_service.errors import ConsentError, LedgerError
from consent_service.identity.signatures import Signer
from consent_service.ledger.archive import open_archive
from consent_service.ledger.sealing import Sealer
from consent_service.services.configured_store import configured_store


class Sealed(NamedTuple):
    """Outcome for one site: the number of segments sealed, or None if another process is sealing the site."""

    site: str
    segments: int | None


async def seal_sites(config: Config, sites: Sequence[str] = ()) -> AsyncIterator[Sealed]:
    """Seal the waiting entries of these sites, or of every site, and yield the outcome of each.

    Raises LedgerError, UnknownSite, ConfigError and StoreError.
    """
    if not config.ledger.archive:
        raise LedgerError(
            "ledger.archive is not set, so there is no place to seal to: name a folder or an object store"
        )
    for site in sites:
        config.require_site(site)
    archive, signer = open_archive(config.ledger.archive), Signer(config.require_ring())
    async with configured_store(config.service) as store:
        for site in sites or config.sites:
            sealer = Sealer(store, archive, signer, site, time.time)
            async with sealing_lease(sealer) as is_ours:
                segments = await sealer.seal() if is_ours else None
            yield Sealed(site, segments)


@asynccontextmanager
async def sealing_lease(sealer: Sealer) -> AsyncIterator[bool]:
    """Hold the lease of a site's sealing until the end of the block. Yield False if another process holds it."""
    if not await sealer.take_lease():
        yield False
        return
    try:
        yield True
    finally:
        with suppress(ConsentError):  # then it lapses by itself
            await sealer.release()
