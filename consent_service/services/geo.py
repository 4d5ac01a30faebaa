"""Geo: the place of an address, from a database file in MaxMind's format.

The file is mapped into memory and read for each call: no address and no place is kept (design rule 7). Its reader is
an extra that only a configuration with such a file needs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from consent_service.addresses import Address, text_of
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location, location_of
from consent_service.errors import CannotStart

Locate = Callable[[Address], Location]
"""Function of an address that returns its place; NOWHERE if the file does not have the address."""


def open_database(path: Path) -> Locate:
    """Return the look-up in this file, which stays mapped: replace it by renaming. Raises CannotStart."""
    try:
        import maxminddb
    except ImportError:
        message = "geo.database needs the extra `geo`: pip install 'consent-service[geo]'"
        raise CannotStart(message) from None
    try:
        reader = maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise CannotStart(f"geo.database {path} can't be read: {error}") from error

    def locate(address: Address) -> Location:
        try:
            return _place(reader.get(text_of(address)))
        except (ValueError, maxminddb.InvalidDatabaseError):  # an IPv6 address in a file of IPv4
            return UNKNOWN_LOCATION

    return locate


def _place(row: Any) -> Location:
    """Return the place in a row. Some databases have no `subdivisions`; of several the first is the largest."""
    if not isinstance(row, dict):
        return UNKNOWN_LOCATION
    subdivisions = row.get("subdivisions") or [{}]
    return location_of(row.get("country", {}).get("iso_code"), subdivisions[0].get("iso_code"))
