"""The flag: `GET /v1/{site}/flag`, the hot path, as one plain ASGI callable without a middleware stack.

One pass over the raw headers, one verified token, one standing from the coherent cache (else one gathered
read), one look-up of a resolved answer, one pre-encoded body. The store out of reach answers 200, denied,
`unavailable`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from consent_service.domain.flags import flag_of
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution
from consent_service.domain.signals import sources_of
from consent_service.domain.words import Basis
from consent_service.errors import OriginNotAllowed, UnknownSite
from consent_service.ledger.entries import Evidence
from consent_service.services.consent import Consent
from consent_service.services.devices import Devices
from consent_service.services.planning import Caller
from consent_service.services.sites import Site
from consent_service.services.standings import Standings
from consent_service.web import headers, problems
from consent_service.web.metrics import Metrics
from consent_service.web.times import rfc3339

_AS_OF: Final = "0000-00-00T00:00:00Z"
_VARY: Final = (b"vary", b"Sec-GPC, Origin, Cookie")
_KEPT: Final = (b"cache-control", b"private, no-cache")
_NOT_KEPT: Final = (b"cache-control", b"no-store")
_JSON: Final = (b"content-type", b"application/json")
_MOST_RENDERED: Final = 4096


class _Rendered(NamedTuple):
    """A flag's bytes around its `as_of`, its weak ETag, and the headers that never change."""

    before: bytes
    after: bytes
    etag: bytes
    headers: list[tuple[bytes, bytes]]


class FlagEndpoint:
    """Answers the flag of every site."""

    def __init__(
        self,
        sites: Mapping[str, Site],
        own_origin: str,
        standings: Standings,
        consent: Consent,
        devices: Devices,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._sites = sites
        self._own_origin = own_origin
        self._standings = standings
        self._consent = consent
        self._devices = devices
        self._metrics = metrics
        self._clock = clock
        self._rendered: dict[tuple[str, str, Resolution], _Rendered] = {}
        self._regimes: dict[str, Regime] = {}
        self._day = 0
        self._second = 0
        self._as_of = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        site = self._sites.get(scope["path"][4:-5])
        if site is None:
            kind = problems.KINDS[UnknownSite]
            return await problems.response(kind, "no site has this key")(scope, receive, send)
        seen = headers.read(scope["headers"])
        cors: list[tuple[bytes, bytes]] = []
        if seen.origin is not None:
            if seen.origin not in site.origins and seen.origin != self._own_origin:
                kind = problems.KINDS[OriginNotAllowed]
                return await problems.response(kind, "not one of the site's origins")(scope, receive, send)
            cors = [
                (b"access-control-allow-origin", seen.origin.encode("latin-1")),
                (b"access-control-allow-credentials", b"true"),
            ]
        now = int(self._clock())
        explicit = _visitor_in(scope["query_string"])
        tokens = headers.presented(explicit, seen.cookie, site.key) if explicit or seen.cookie else ()
        signals = sources_of(header=seen.gpc)
        regime = self._regime(site, now)
        resolution, visitor = await self._standings.resolve(site, regime, tokens, signals, now)
        if signals and visitor is not None:
            evidence = Evidence(device=self._devices.of(seen.user_agent))
            self._consent.remember(Caller(site, tokens, signals, evidence, now), visitor)
        self._metrics.answers[resolution.basis.value] += 1
        await self._reply(send, self._render(site, regime, resolution), seen.if_none_match, cors, now)

    async def _reply(
        self,
        send: Send,
        flag: _Rendered,
        if_none_match: bytes,
        cors: list[tuple[bytes, bytes]],
        now: int,
    ) -> None:
        if if_none_match and flag.etag and flag.etag in if_none_match:
            await send({"type": "http.response.start", "status": 304, "headers": flag.headers[1:] + cors})
            return await send({"type": "http.response.body", "body": b""})
        if now != self._second:
            self._second = now
            self._as_of = rfc3339(now).encode()
        await send({"type": "http.response.start", "status": 200, "headers": flag.headers + cors})
        await send({"type": "http.response.body", "body": flag.before + self._as_of + flag.after})

    def _regime(self, site: Site, now: int) -> Regime:
        """The site's regime today; rows change at midnight UTC."""
        if now // 86_400 != self._day:
            self._day = now // 86_400
            self._regimes.clear()
        regime = self._regimes.get(site.key)
        if regime is None:
            regime = self._regimes[site.key] = site.regime(now)
        return regime

    def _render(self, site: Site, regime: Regime, resolution: Resolution) -> _Rendered:
        key = (site.key, regime.code, resolution)
        rendered = self._rendered.get(key)
        if rendered is None:
            if len(self._rendered) >= _MOST_RENDERED:
                self._rendered.clear()
            rendered = self._rendered[key] = _rendered(site, regime, resolution)
        return rendered


def is_flag(scope: Scope) -> bool:
    """Whether an HTTP request is for the flag: `GET /v1/{site}/flag`."""
    path: str = scope["path"]
    return (
        path.endswith("/flag")
        and path.startswith("/v1/")
        and path.count("/") == 3
        and scope["method"] == "GET"
    )


def _rendered(site: Site, regime: Regime, resolution: Resolution) -> _Rendered:
    body = msgspec.json.encode(flag_of(site.terms, regime, resolution, _AS_OF))
    before, after = body.split(_AS_OF.encode())
    if resolution.basis is Basis.UNAVAILABLE:
        return _Rendered(before, after, b"", [_JSON, _NOT_KEPT, _VARY])
    etag = b'W/"' + hashlib.sha256(before + after).hexdigest()[:16].encode() + b'"'
    return _Rendered(before, after, etag, [_JSON, _KEPT, _VARY, (b"etag", etag)])


def _visitor_in(query: bytes) -> str | None:
    """The `visitor` parameter. Given twice it is in doubt: a text that no key has signed."""
    if b"visitor=" not in query:
        return None
    if query.startswith(b"visitor=") and b"&" not in query and b"%" not in query and b"+" not in query:
        return query[8:].decode("latin-1")
    values = [value for name, value in parse_qsl(query.decode("latin-1")) if name == "visitor"]
    return " ".join(values)
