"""Client: the address behind trusted proxies, the place and the device of whoever calls.

The connection and the headers tell them. Address and place are used for one call and dropped. Of the User-Agent only
the kind of device and the browser family may be recorded (design rule 7). Knows nothing of what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from starlette.types import Scope
from user_agents import parse

from consent_service.addresses import Address, Networks, read_address, read_network
from consent_service.config import Geo
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location, location_of
from consent_service.ledger.entries import Device
from consent_service.services.geo import Locate, open_database

_MOST_HOPS: Final = 32
"""Hops that are read, the nearest first. No chain of trusted proxies is as long."""

_LONGEST_USER_AGENT: Final = 320
"""Characters. Longer headers are cut: real ones are shorter, and the memo must stay small."""

_FAMILIES: Final = frozenset(
    {
        "Brave", "Chrome", "Chrome Mobile", "Chrome Mobile WebView", "Chrome Mobile iOS", "Chromium",
        "DuckDuckGo Mobile", "Edge", "Edge Mobile", "Firefox", "Firefox Mobile", "Firefox iOS", "IE",
        "Mobile Safari", "Mobile Safari UI/WKWebView", "Opera", "Opera Mini", "Opera Mobile", "Safari",
        "Samsung Internet", "UC Browser", "Vivaldi", "Yandex Browser",
        "Applebot", "Baiduspider", "DuckDuckBot", "Googlebot", "YandexBot", "bingbot", "facebookexternalhit",
    }
)  # fmt: skip
"""Browser families that may be recorded. The parser returns any text of a header as a family (design rule 7)."""


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


class ClientAddresses:
    """Finder of a client's address. `trusted`: networks of the proxies that may name it in X-Forwarded-For."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = Networks(read_network(network) for network in trusted)

    def address(self, scope: Scope) -> Address | None:
        """Return the last hop that is not a trusted proxy; the peer itself if the proxies name none.

        Returns None if that hop is unreadable: the client is unknown then, and the proxy's own address would
        place every such visitor where the proxy is.
        """
        peer = peer_of(scope)
        if peer is None or not self.trusts(peer):
            return peer
        hops = _forwarded(scope["headers"])
        for hop in filter(None, hops):
            address = read_address(hop)
            if address is None or not self.trusts(address):
                return address
        # With more hops than are read, nobody knows who is behind them.
        return peer if len(hops) < _MOST_HOPS else None

    def trusts(self, address: Address | None) -> bool:
        """Return True if this address is a trusted proxy's, so that its headers count."""
        return address is not None and address in self._trusted


class Locations:
    """Finder of a visitor's place: by the headers of a trusted proxy, else by the database, else nowhere."""

    def __init__(
        self, addresses: ClientAddresses, names: HeaderNames | None = None, locate: Locate | None = None
    ) -> None:
        self._addresses = addresses
        self._names = None if names is None else (names.country.encode(), names.region.encode())
        self._locate = locate

    @property
    def known(self) -> bool:
        """True if places are configured at all."""
        return self._names is not None or self._locate is not None

    def of(self, scope: Scope) -> Location:
        """Return the place that this call comes from."""
        place = self._in_headers(scope) if self._names is not None else UNKNOWN_LOCATION
        if place.country is None and self._locate is not None:
            address = self._addresses.address(scope)
            return UNKNOWN_LOCATION if address is None else self._locate(address)
        return place

    def _in_headers(self, scope: Scope) -> Location:
        if self._names is None or not self._addresses.trusts(peer_of(scope)):
            return UNKNOWN_LOCATION
        country, region = (_single_value(scope, name) for name in self._names)
        return location_of(country, region)


class Devices:
    """A bounded memo of parsed User-Agent headers: a parse takes about a millisecond.

    The raw header is a key of the memo and is stored nowhere.
    """

    def __init__(self, entries: int = 10_000) -> None:
        self._parsed = lru_cache(maxsize=entries)(_device_of)

    def of(self, user_agent: str | None) -> Device | None:
        """Return the device of a User-Agent header, or None without one."""
        return self._parsed(user_agent[:_LONGEST_USER_AGENT]) if user_agent else None

    @property
    def memoised(self) -> int:
        """Number of headers remembered."""
        return self._parsed.cache_info().currsize


def locations_of(geo: Geo, addresses: ClientAddresses) -> Locations:
    """Return the finder of places that `[geo]` configures. Raises CannotStart if its database can't be opened."""
    names = None
    if geo.proxy is not None:
        names = PROXIES[geo.proxy]
    elif geo.country_header:
        names = HeaderNames(geo.country_header.lower(), geo.region_header.lower())
    return Locations(addresses, names, open_database(Path(geo.database)) if geo.database else None)


def peer_of(scope: Scope) -> Address | None:
    """Return the address at the other end of the connection; None on a Unix socket."""
    client = scope.get("client")
    return read_address(client[0]) if client else None


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """Return the hops of X-Forwarded-For, the nearest first, at most `_MOST_HOPS`."""
    lines = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    nearest = lines.rsplit(b",", _MOST_HOPS)[-_MOST_HOPS:]
    return [hop.strip().decode("latin-1") for hop in reversed(nearest)]


def _single_value(scope: Scope, wanted: bytes) -> str | None:
    """Return the header's value; None if it is sent twice, because the client may have added one of the two."""
    values = [value for name, value in scope["headers"] if name == wanted]
    return values[0].decode("latin-1") if len(values) == 1 else None


def _device_of(user_agent: str) -> Device:
    agent = parse(user_agent)
    kinds = (
        ("bot", agent.is_bot),
        ("tablet", agent.is_tablet),
        ("mobile", agent.is_mobile),
        ("desktop", agent.is_pc),
    )
    family = agent.browser.family
    kind = next((kind for kind, applies in kinds if applies), "other")
    return Device(kind, family if family in _FAMILIES else "Other")
