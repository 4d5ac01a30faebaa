"""Places: where a call's visitor seems to be, by what a trusted proxy says or by the address.

Neither is kept. Knows nothing of what follows from it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from starlette.types import Scope

from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location, location_of
from consent_service.services.geo import Locate
from consent_service.web.http.client_address import Clients, peer_of


class HeaderNames(NamedTuple):
    """Names of the headers with country and region, in lower case; "" = none."""

    country: str
    region: str


PROXIES: Final = {
    # Managed transform "Add visitor location headers".
    "cloudflare": HeaderNames("cf-ipcountry", "cf-region-code"),
    # Origin request policy with the viewer's location.
    "cloudfront": HeaderNames("cloudfront-viewer-country", "cloudfront-viewer-country-region"),
    # Fastly sends none by itself: set these two from client.geo.country_code and client.geo.region.
    "fastly": HeaderNames("fastly-geo-country", "fastly-geo-region"),
}


class Places:
    """Finds a call's place: the headers of a trusted proxy, else the database, else nowhere."""

    def __init__(
        self, clients: Clients, names: HeaderNames | None = None, locate: Locate | None = None
    ) -> None:
        self._clients = clients
        self._names = None if names is None else (names.country.encode(), names.region.encode())
        self._locate = locate

    @property
    def known(self) -> bool:
        """True if the places of calls can be known at all."""
        return self._names is not None or self._locate is not None

    def of(self, scope: Scope) -> Location:
        """Return the place that this call comes from."""
        said = self._said(scope) if self._names is not None else UNKNOWN_LOCATION
        if said.country is None and self._locate is not None:
            address = self._clients.address(scope)
            return UNKNOWN_LOCATION if address is None else self._locate(address)
        return said

    def _said(self, scope: Scope) -> Location:
        if self._names is None or not self._clients.trusts(peer_of(scope)):
            return UNKNOWN_LOCATION
        country, region = (_only(scope, name) for name in self._names)
        return location_of(country, region)


def _only(scope: Scope, wanted: bytes) -> str | None:
    """The header's value. Twice is in doubt: the client may have sent one of them."""
    values = [value for name, value in scope["headers"] if name == wanted]
    return values[0].decode("latin-1") if len(values) == 1 else None
