"""Geo: the place of an address, from a database file in MaxMind's format.

The file is mapped into memory and asked for each address anew: nothing is kept of it (design rule 7). Its reader
is an extra that only a configuration with such a file needs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from consent_service.addresses import Address, text_of
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location, location_of
from consent_service.errors import CannotStart

Locate = Callable[[Address], Location]
"""From an address to its place; NOWHERE for one that the file does not know."""


def open_database(path: Path) -> Locate:
    """The look-up over this file, which stays mapped: replace it by renaming. Raises CannotStart."""
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


def _place(found: Any) -> Location:
    """Databases of countries have no `subdivisions`; of several the first is the largest."""
    if not isinstance(found, dict):
        return UNKNOWN_LOCATION
    subdivisions = found.get("subdivisions") or [{}]
    return location_of(found.get("country", {}).get("iso_code"), subdivisions[0].get("iso_code"))
