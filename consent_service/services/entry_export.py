"""Export of ledger entries as a use case: find what belongs to a site or a visitor in the archive."""

from __future__ import annotations

from consent_service.config import Config
from consent_service.errors import LedgerError
from consent_service.ledger.archive import Archive, open_archive
from consent_service.services.erasure.visitors import open_erasure


def open_site_archive(place: str, site: str = "") -> Archive:
    """Open and return the archive at this place. Raises LedgerError if it holds nothing of the site ("": of any)."""
    archive = open_archive(place)
    if site and not any(name.startswith(f"{site}/") for name in archive.names()):
        raise LedgerError(f"the archive holds nothing of a site {site!r}")
    return archive


async def find_subject(config: Config, site: str, visitor: str) -> str:
    """Return the number that a visitor's entries bear, in hex.

    `visitor`: a visitor token, or a visitor id in hexadecimal. Raises LedgerError if the store has no record of the
    visitor, UnknownSite, ConfigError, StoreError.
    """
    config.require_site(site)
    async with open_erasure(config) as erasure:
        subject = await erasure.read_subject(site, visitor)
    if not subject:
        raise LedgerError("the store has no record of this visitor: none was made, or it was erased")
    return subject
