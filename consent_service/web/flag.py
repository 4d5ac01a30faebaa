"""Flag: `GET /v1/{site}/flag`, the hot path, as one plain ASGI callable without a middleware stack.

One pass over the raw headers, one verified token, one standing from the coherent cache (else one gathered read), one
look-up of a resolved answer, one pre-encoded body. With the store out of reach the answer is 200, denied,
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
from consent_service.domain.regimes import regime_code_at
from consent_service.domain.resolution import Resolution, resolve, stricter_resolution, unavailable_resolution
from consent_service.domain.signals import Sources, sources_of
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location
from consent_service.domain.words import Basis
from consent_service.errors import OriginNotAllowed, StoreError, UnknownSite
from consent_service.ledger.entries import Evidence
from consent_service.public_contract import rfc3339
from consent_service.services.records.standings import Identity, Record, Standings, Visitor, strictest
from consent_service.services.sites import NO_SUCH_SITE, Site
from consent_service.services.visitor.consent import Consent
from consent_service.services.visitor.plans import Call
from consent_service.web.http import guards, problems, request_headers
from consent_service.web.http.client import Devices, Locations
from consent_service.web.http.outage_log import OutageLog
from consent_service.web.http.request_headers import MOST_QUERY
from consent_service.web.metrics import Metrics

_AS_OF: Final = "0000-00-00T00:00:00Z"
"""Placeholder: a rendered body is cut there, and each answer puts the present time between the two parts."""
_VARY: Final = (b"vary", b"Sec-GPC, Origin, Cookie")
_CACHED: Final = (b"cache-control", b"private, no-cache")
_UNCACHED: Final = (b"cache-control", b"no-store")
_JSON: Final = (b"content-type", b"application/json")
_NO_SIGNAL: Final = sources_of(header=False)
_HEADER: Final = sources_of(header=True)
_DAY: Final = 86_400


class _Rendered(NamedTuple):
    """A flag's bytes before and after its `as_of`, its weak ETag ("" = no caching), basis, and headers by origin."""

    before: bytes
    after: bytes
    etag: bytes
    basis: str
    headers: dict[str | None, request_headers.Raw]


class _SiteFlags:
    """Flags of one site under one of its regimes as of today, rendered once for each outcome.

    `number`: the regime's index among the site's.
    """

    def __init__(self, site: Site, number: int, own_origin: str, now: int) -> None:
        self.site = site
        self.regime = site.regimes(now)[number]
        # None: a call without `Origin`, as from a server
        self.origins: tuple[str | None, ...] = (None, own_origin, *site.origins)
        self.host_only = {origin: site.host_only_cookie(origin) for origin in self.origins}
        self._day = now // _DAY
        # Day, regime and, in the lowest three bits, the signals: one key for each answer kept on a record.
        self._answers_of = (self._day * len(site.regime_codes) + number) << 3
        self._rendered: dict[Resolution, _Rendered] = {}
        self.unpresented = {
            signals: self.render(resolve(self.regime, signals, None, None, now))
            for signals in (_NO_SIGNAL, _HEADER)
        }

    def render(self, resolution: Resolution) -> _Rendered:
        """Return the bytes of this outcome. There are few outcomes, so all are kept."""
        rendered = self._rendered.get(resolution)
        if rendered is None:
            rendered = self._rendered[resolution] = self._render(resolution)
        return rendered

    def of_record(self, record: Record, signals: Sources, now: int, *, named: bool = True) -> _Rendered:
        """Return the bytes for this record; those made earlier today are kept on the record itself.

        `named` False: the record may be somebody else's, so it can only deny.
        """
        if now < record.latest_at:
            return self.render(unavailable_resolution(signals))  # our clock is behind the record, for now
        key = self._answers_of | signals.value
        if not named:
            key = ~key  # negative, so that it is never the key of a named record's answer
        rendered = record.answers.get(key)
        if not isinstance(rendered, _Rendered):
            resolution = resolve(self.regime, signals, record.standing, None, now)
            if not named:
                resolution = stricter_resolution(resolve(self.regime, signals, None, None, now), resolution)
            rendered = record.answers[key] = self.render(resolution)
        return rendered

    def _render(self, resolution: Resolution) -> _Rendered:
        strings = self.site.strings(self.regime, resolution, self._day * _DAY)
        body = msgspec.json.encode(flag_of(self.site.terms, strings, resolution, _AS_OF))
        before, after = body.split(_AS_OF.encode())
        etag = b""
        fixed = [_JSON, _UNCACHED, _VARY]
        if resolution.basis is not Basis.UNAVAILABLE:
            # weak: two answers that differ in `as_of` alone have the same one
            etag = b'W/"' + hashlib.sha256(before + after).hexdigest()[:16].encode() + b'"'
            fixed = [_JSON, _CACHED, _VARY, (b"etag", etag)]
        by_origin = {
            origin: fixed + (request_headers.cross_origin(origin) if origin else [])
            for origin in self.origins
        }
        return _Rendered(before, after, etag, resolution.basis.value, by_origin)


class FlagEndpoint:
    """ASGI endpoint of every site's flag. `paths`: the flags by path, each under its site's own regime."""

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
        self._host = b"localhost"  # the last valid one: nearly every call names it
        self._timer = timer
        self._took = metrics.flag_seconds.add
        self._second = 0
        self._day = -1
        self._as_of = b""
        self.paths: dict[str, _SiteFlags] = {}
        self._by_regime: dict[str, dict[str, _SiteFlags]] = {}
        self._tick(int(clock()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = self._timer()
        now = int(self._clock())
        if now != self._second:
            self._tick(now)
        flags = self.paths.get(scope["path"])
        if flags is None:
            kind = problems.KINDS[UnknownSite]
            return await problems.response(kind, NO_SUCH_SITE)(scope, receive, send)
        headers = request_headers.read(scope["headers"])
        if headers.host != self._host:
            if not request_headers.names_host(headers.host, scope):
                return await guards.host_refusal()(scope, receive, send)
            self._host = headers.host or self._host
        if headers.origin not in flags.origins:
            kind = problems.KINDS[OriginNotAllowed]
            return await problems.response(kind, "not one of the site's origins")(scope, receive, send)
        query: bytes = scope["query_string"]
        signals = _HEADER if headers.gpc else _NO_SIGNAL
        place = UNKNOWN_LOCATION
        if self._locations.known:
            place = self._locations.of(scope)
            flags = self._by_regime[flags.site.key][regime_code_at(place, flags.site.regime_codes)]
        if not query and not headers.cookie:  # nobody is presented: the commonest call
            flag = flags.unpresented[signals]
        else:
            site = flags.site
            host_only = flags.host_only[headers.origin]
            presented = request_headers.presented(
                _visitor_in(query), headers.cookie, site.key, host_only=host_only
            )
            flag = self._cached(flags, presented, signals, now) or await self._recognised(
                flags, presented, headers, signals, place, now
            )
        self._metrics.answers[flag.basis] += 1
        self._took(self._timer() - began)
        fixed = flag.headers[headers.origin]
        if headers.if_none_match and flag.etag and flag.etag in headers.if_none_match:
            # No body, so no Content-Type, which stands first.
            await send({"type": "http.response.start", "status": 304, "headers": fixed[1:]})
            return await send({"type": "http.response.body", "body": b""})
        await send({"type": "http.response.start", "status": 200, "headers": fixed})
        await send({"type": "http.response.body", "body": flag.before + self._as_of + flag.after})

    def _cached(
        self, flags: _SiteFlags, presented: request_headers.Presented, signals: Sources, now: int
    ) -> _Rendered | None:
        """Return the answer for one token, or None if the store must be asked or a signal recorded. No I/O."""
        tokens, beside = presented
        if len(tokens) + len(beside) != 1:
            return None
        record = self._standings.cached(flags.site.key, tokens[0] if tokens else beside[0], now)
        # A signal that is not on record yet goes the slower way, which records it.
        if record is None or (signals is _HEADER and not record.gpc & _HEADER.value):
            return None
        return flags.of_record(record, signals, now, named=not beside)

    async def _recognised(
        self,
        flags: _SiteFlags,
        presented: request_headers.Presented,
        headers: request_headers.Seen,
        signals: Sources,
        place: Location,
        now: int,
    ) -> _Rendered:
        """Return the answer for tokens that must be verified or looked up in the store; a signal is recorded later.

        With several tokens the first names the record, and the stricter answer holds. A store out of reach is
        answered denied, `unavailable`.
        """
        tokens, beside = presented
        if not tokens and not beside:
            return flags.unpresented[signals]
        site = flags.site
        try:
            identities: list[Identity | None] = [
                await self._standings.recognise(site.key, token, now, briefly=True)
                for token in (*tokens, *beside)
            ]
        except StoreError as error:
            self._outages.note(error)
            return flags.render(unavailable_resolution(signals))
        if not tokens:
            identities.insert(0, None)  # no record is named: the default, made stricter by the others
        first = identities[0]
        if isinstance(first, Visitor):
            if signals is _HEADER and not first.record.gpc & _HEADER.value:
                evidence = Evidence(device=self._devices.of(headers.user_agent))
                self._consent.record_signal_later(Call(site, signals, evidence, now, place), first)
            if len(identities) == 1:
                return flags.of_record(first.record, signals, now)
        return flags.render(strictest(flags.regime, signals, identities, now))

    def _tick(self, now: int) -> None:
        """Set the answer time to this second. Renew the flags if a day began: regimes change at midnight UTC."""
        self._second = now
        self._as_of = rfc3339(now).encode()
        if now // _DAY != self._day:
            self._day = now // _DAY
            self._by_regime = {key: self._flags_of(site, now) for key, site in self._all.items()}
            self.paths = {
                f"/v1/{key}/flag": self._by_regime[key][site.regime_codes[0]]
                for key, site in self._all.items()
            }

    def _flags_of(self, site: Site, now: int) -> dict[str, _SiteFlags]:
        """Return a site's flags by the codes of its regimes."""
        return {
            code: _SiteFlags(site, number, self._own_origin, now)
            for number, code in enumerate(site.regime_codes)
        }


def _visitor_in(query: bytes) -> str | None:
    """Return the `visitor` parameter, or None.

    If it is sent twice, or in a query over MOST_QUERY, the text returned is one that no key has signed.
    """
    if not query:
        return None
    if query.startswith(b"visitor=") and b"&" not in query and b"%" not in query and b"+" not in query:
        return query[8:].decode("latin-1")
    if len(query) > MOST_QUERY:
        return request_headers.UNREADABLE
    # Some parsers split at `;` too, and no token may be overlooked.
    pairs = parse_qsl(query.decode("latin-1").replace(";", "&"))
    values = [value for name, value in pairs if name == "visitor"]
    return " ".join(values) or None  # two values: no key has signed a text with a space in it
