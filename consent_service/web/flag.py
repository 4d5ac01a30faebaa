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
from consent_service.domain.places import NOWHERE, Place, regime_code_at
from consent_service.domain.resolution import Resolution, resolve, stricter, unavailable
from consent_service.domain.signals import Sources, sources_of
from consent_service.domain.words import Basis, RejectedToken
from consent_service.errors import OriginNotAllowed, StoreError, UnknownSite
from consent_service.ledger.entries import Evidence
from consent_service.services.records.standings import Record, Standings, Visitor, strictest
from consent_service.services.sites import Site
from consent_service.services.visitor.consent import Consent
from consent_service.services.visitor.devices import Devices
from consent_service.services.visitor.plans import Caller
from consent_service.web.http import guards, problems, request_headers
from consent_service.web.http.location import Locations
from consent_service.web.http.outage_log import OutageLog
from consent_service.web.http.request_headers import MOST_QUERY
from consent_service.web.http.timestamps import rfc3339
from consent_service.web.metrics import Metrics

_AS_OF: Final = "0000-00-00T00:00:00Z"
_VARY: Final = (b"vary", b"Sec-GPC, Origin, Cookie")
_KEPT: Final = (b"cache-control", b"private, no-cache")
_NOT_KEPT: Final = (b"cache-control", b"no-store")
_JSON: Final = (b"content-type", b"application/json")
_NO_SIGNAL: Final = sources_of(header=False)
_HEADER: Final = sources_of(header=True)
_DAY: Final = 86_400


class _Rendered(NamedTuple):
    """A flag's bytes around its `as_of`, its weak ETag ("" = not to be kept), basis, and headers by origin."""

    before: bytes
    after: bytes
    etag: bytes
    basis: str
    headers: dict[str | None, request_headers.Raw]


class _SiteFlags:
    """One site's flags under one of its regimes as of today, rendered once for each outcome.

    `number`: the regime's place among the site's.
    """

    def __init__(self, site: Site, number: int, own_origin: str, now: int) -> None:
        self.site = site
        self.regime = site.regimes(now)[number]
        self.origins: tuple[str | None, ...] = (None, own_origin, *site.origins)
        self.host_only = {origin: site.host_only_cookie(origin) for origin in self.origins}
        self._day = now // _DAY
        self._answers_of = (self._day * len(site.regime_codes) + number) << 3
        self._rendered: dict[Resolution, _Rendered] = {}
        self.unpresented = {
            signals: self.render(resolve(self.regime, signals, None, None, now))
            for signals in (_NO_SIGNAL, _HEADER)
        }

    def render(self, resolution: Resolution) -> _Rendered:
        """The bytes of this outcome. There are few outcomes, so they are all kept."""
        rendered = self._rendered.get(resolution)
        if rendered is None:
            rendered = self._rendered[resolution] = self._render(resolution)
        return rendered

    def of_record(self, record: Record, signals: Sources, now: int, *, named: bool = True) -> _Rendered:
        """The bytes for this record, looked up on the record itself when they were made before today.

        `named` False: the record is not this caller's own for sure, so it can only deny.
        """
        if now < record.latest_at:
            return self.render(unavailable(signals))  # our clock is behind the record, for now
        key = self._answers_of | signals.value
        if not named:
            key = ~key
        rendered = record.answers.get(key)
        if not isinstance(rendered, _Rendered):
            resolution = resolve(self.regime, signals, record.standing, None, now)
            if not named:
                resolution = stricter(resolve(self.regime, signals, None, None, now), resolution)
            rendered = record.answers[key] = self.render(resolution)
        return rendered

    def _render(self, resolution: Resolution) -> _Rendered:
        strings = self.site.strings(self.regime, resolution, self._day * _DAY)
        body = msgspec.json.encode(flag_of(self.site.terms, strings, resolution, _AS_OF))
        before, after = body.split(_AS_OF.encode())
        etag = b""
        fixed = [_JSON, _NOT_KEPT, _VARY]
        if resolution.basis is not Basis.UNAVAILABLE:
            etag = b'W/"' + hashlib.sha256(before + after).hexdigest()[:16].encode() + b'"'
            fixed = [_JSON, _KEPT, _VARY, (b"etag", etag)]
        by_origin = {
            origin: fixed + (request_headers.cross_origin(origin) if origin else [])
            for origin in self.origins
        }
        return _Rendered(before, after, etag, resolution.basis.value, by_origin)


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
        locations: Locations,
        outages: OutageLog,
        clock: Callable[[], float],
        timer: Callable[[], float],
    ) -> None:
        self._all = sites
        self._own_origin = own_origin
        self._standings = standings
        self._consent = consent
        self._devices = devices
        self._metrics = metrics
        self._locations = locations
        self._outages = outages
        self._clock = clock
        self._host = b"localhost"  # the last that was found to be one: nearly every call names it
        self._timer = timer
        self._took = metrics.flag_seconds.add
        self._second = 0
        self._day = -1
        self._as_of = b""
        self._sites: dict[str, _SiteFlags] = {}
        self._by_regime: dict[str, dict[str, _SiteFlags]] = {}
        self._tick(int(clock()))

    def answers(self, scope: Scope) -> bool:
        """Return True for a request for the flag of an existing site."""
        return scope["method"] == "GET" and scope["path"] in self._sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = self._timer()
        now = int(self._clock())
        if now != self._second:
            self._tick(now)
        flags = self._sites.get(scope["path"])
        if flags is None:
            kind = problems.KINDS[UnknownSite]
            return await problems.response(kind, "no site has this key")(scope, receive, send)
        seen = request_headers.read(scope["headers"])
        if seen.host != self._host:
            if not request_headers.names_host(seen.host, scope):
                return await guards.host_refusal()(scope, receive, send)
            self._host = seen.host or self._host
        if seen.origin not in flags.origins:
            kind = problems.KINDS[OriginNotAllowed]
            return await problems.response(kind, "not one of the site's origins")(scope, receive, send)
        query: bytes = scope["query_string"]
        signals = _HEADER if seen.gpc else _NO_SIGNAL
        place = NOWHERE
        if self._locations.known:
            place = self._locations.of(scope)
            flags = self._by_regime[flags.site.key][regime_code_at(place, flags.site.regime_codes)]
        if not query and not seen.cookie:
            flag = flags.unpresented[signals]
        else:
            site = flags.site
            host_only = flags.host_only[seen.origin]
            given = request_headers.presented(_visitor_in(query), seen.cookie, site.key, host_only=host_only)
            flag = self._at_hand(flags, given, signals, now) or await self._asked(
                flags, given, seen, signals, place, now
            )
        self._metrics.answers[flag.basis] += 1
        self._took(self._timer() - began)
        fixed = flag.headers[seen.origin]
        if seen.if_none_match and flag.etag and flag.etag in seen.if_none_match:
            await send({"type": "http.response.start", "status": 304, "headers": fixed[1:]})
            return await send({"type": "http.response.body", "body": b""})
        await send({"type": "http.response.start", "status": 200, "headers": fixed})
        await send({"type": "http.response.body", "body": flag.before + self._as_of + flag.after})

    def _at_hand(
        self, flags: _SiteFlags, given: request_headers.Presented, signals: Sources, now: int
    ) -> _Rendered | None:
        """The answer for one token, when memory alone can give it and nothing is left to record."""
        tokens, beside = given
        if len(tokens) + len(beside) != 1:
            return None
        record = self._standings.at_hand(flags.site.key, tokens[0] if tokens else beside[0], now)
        if record is None or (signals is _HEADER and not record.gpc & _HEADER.value):
            return None
        return flags.of_record(record, signals, now, named=not beside)

    async def _asked(
        self,
        flags: _SiteFlags,
        given: request_headers.Presented,
        seen: request_headers.Seen,
        signals: Sources,
        place: Place,
        now: int,
    ) -> _Rendered:
        """The answer when a token must be verified or the store asked; a signal is recorded on the way.

        Two tokens of different visitors: the first names the record and the stricter answers. Tokens that name
        nobody deny beside whom there is, be it nobody. The store out of reach: denied, `unavailable`.
        """
        tokens, beside = given
        if not tokens and not beside:
            return flags.unpresented[signals]
        site = flags.site
        try:
            found: list[Visitor | RejectedToken | None] = [
                await self._standings.recognise(site.key, token, now, briefly=True)
                for token in (*tokens, *beside)
            ]
        except StoreError as error:
            self._outages.note(error)
            return flags.render(unavailable(signals))
        if not tokens:
            found.insert(0, None)
        first = found[0]
        if isinstance(first, Visitor):
            if signals is _HEADER and not first.record.gpc & _HEADER.value:
                evidence = Evidence(device=self._devices.of(seen.user_agent))
                caller = Caller(site, tokens, signals, evidence, now, place=place)
                self._consent.remember(caller, first)
            if len(found) == 1:
                return flags.of_record(first.record, signals, now)
        return flags.render(strictest(flags.regime, signals, found, now))

    def _tick(self, now: int) -> None:
        """Another second has begun, perhaps another day: regimes change at midnight UTC."""
        self._second = now
        self._as_of = rfc3339(now).encode()
        if now // _DAY != self._day:
            self._day = now // _DAY
            self._by_regime = {key: self._flags_of(site, now) for key, site in self._all.items()}
            self._sites = {
                f"/v1/{key}/flag": self._by_regime[key][site.regime_codes[0]]
                for key, site in self._all.items()
            }

    def _flags_of(self, site: Site, now: int) -> dict[str, _SiteFlags]:
        """A site's flags by its regimes' codes."""
        return {
            code: _SiteFlags(site, number, self._own_origin, now)
            for number, code in enumerate(site.regime_codes)
        }


def _visitor_in(query: bytes) -> str | None:
    """The `visitor` parameter.

    Given twice, or in a query too long to be read, it is in doubt: a text that no key has signed.
    """
    if not query:
        return None
    if query.startswith(b"visitor=") and b"&" not in query and b"%" not in query and b"+" not in query:
        return query[8:].decode("latin-1")
    if len(query) > MOST_QUERY:
        return request_headers.UNREADABLE
    pairs = parse_qsl(query.decode("latin-1").replace(";", "&"))
    values = [value for name, value in pairs if name == "visitor"]
    return " ".join(values) or None
