"""Access control: origins and rate limits, checked on the server before anything is done (design rule 12).

It also reads the circumstances of a call, and lets the pages of allowed origins read the answer (CORS).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consent_service.config.loopback import on_loopback
from consent_service.domain.signals import sources_of
from consent_service.errors import OriginNotAllowed, UnknownSite
from consent_service.ledger.entries import Evidence
from consent_service.services.rate_limits import RateLimits
from consent_service.services.records.standings import Tokens
from consent_service.services.sites import NO_SUCH_SITE, Site
from consent_service.services.visitor.plans import Call
from consent_service.web.http import request_headers
from consent_service.web.http.client import ClientAddresses, Devices, Locations
from consent_service.web.http.tracing_headers import tracing_names
from consent_service.web.pages import fetch_metadata

PREFLIGHT_SECONDS: Final = 86_400

_VARY: Final = (b"vary", b"Origin, Sec-GPC, Cookie")
_EXPOSED: Final = (b"access-control-expose-headers", b"Retry-After")


class AccessControl:
    """Reader of requests that refuses those which may not call. `own_origin`: the service's."""

    def __init__(
        self,
        sites: Mapping[str, Site],
        own_origin: str,
        addresses: ClientAddresses,
        locations: Locations,
        devices: Devices,
        limits: RateLimits,
        clock: Callable[[], float],
    ) -> None:
        self._sites = sites
        self.own_origin = own_origin
        self._allows_bare_browsers = on_loopback(own_origin)
        self._addresses = addresses
        self._locations = locations
        self._devices = devices
        self._limits = limits
        self._clock = clock

    def named_site(self, request: Request) -> Site:
        """Return the site that the path names. Raises UnknownSite."""
        site = self._sites.get(request.path_params["site"])
        if site is None:
            raise UnknownSite(NO_SUCH_SITE)
        return site

    def reading_site(self, request: Request, kind: str) -> Site:
        """Return the site of a read that takes some work. Raises UnknownSite, TooManyRequests."""
        site = self.named_site(request)
        self._limits.take(kind, self._addresses.address(request.scope))
        return site

    def writing_site(self, request: Request, kind: str) -> tuple[Site, str]:
        """Return the site and origin of a write from one of the site's pages.

        Raises OriginNotAllowed, also for the origin `null` and for none, and TooManyRequests.
        """
        site = self.named_site(request)
        origin = request_headers.seen(request.scope).origin
        if origin is None or (origin not in site.origins and origin != self.own_origin):
            raise OriginNotAllowed(
                f"{origin or 'no origin'} is none of this site's; call from a page of the site, or add its origin to "
                f"sites.{site.key}.origins"
            )
        self._limits.take(kind, self._addresses.address(request.scope))
        return site, origin

    def form_site(self, request: Request, kind: str) -> Site:
        """Return the site of a form that our own page posts. Raises OriginNotAllowed, TooManyRequests."""
        site = self.named_site(request)
        # Browsers that do not send it are judged by `Origin` alone.
        fetch_site = request.headers.get("sec-fetch-site", "same-origin")
        if request_headers.seen(request.scope).origin != self.own_origin or fetch_site != "same-origin":
            raise OriginNotAllowed(
                "this form works only on the service's own page; open it again and press its button"
            )
        self._limits.take(kind, self._addresses.address(request.scope))
        return site

    def check_pressed(self, request: Request) -> None:
        """Raise NotPressed unless somebody pressed the button of a form of ours that opts in."""
        fetch_metadata.check_pressed(request.headers, bare=self._allows_bare_browsers)

    def tokens(self, request: Request, site: Site, visitor: str | None = None) -> Tokens:
        """Return the visitor tokens of a request. `visitor`: the token in its body, which comes first."""
        headers = request_headers.seen(request.scope)
        host_only = site.host_only_cookie(headers.origin)
        return Tokens(*request_headers.presented(visitor, headers.cookie, site.key, host_only=host_only))

    def call(
        self,
        request: Request,
        site: Site,
        *,
        script: bool | None = None,
        notice: str | None = None,
        lang: str | None = None,
        made_at: str | None = None,
    ) -> Call:
        """Return the circumstances of a request. `script`: the signal that the page's script saw."""
        headers = request_headers.seen(request.scope)
        device = self._devices.of(headers.user_agent)
        return Call(
            site=site,
            signals=sources_of(header=headers.gpc, script=script),
            evidence=Evidence(device, _printable(notice), _printable(lang), made_at),
            now=int(self._clock()),
            place=self._locations.of(request.scope),
        )


def _printable(text: str | None) -> str | None:
    """Return the printable part of a caller's text: an export stays readable, and no choice is refused for it."""
    return text and "".join(filter(str.isprintable, text))


class Cors:
    """Middleware that answers preflights and adds CORS headers, for the origins of the site that the path names."""

    def __init__(self, app: ASGIApp, sites: Mapping[str, Site]) -> None:
        self._app = app
        self._sites = sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        allowed = self._allowed(scope)
        if scope["method"] == "OPTIONS":
            answer = _preflight(allowed, scope) if allowed else Response(status_code=403)
            return await answer(scope, receive, send)

        added = for_origin(allowed)

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, send_with_origin)

    def _allowed(self, scope: Scope) -> str | None:
        parts = scope["path"].split("/")
        site = self._sites.get(parts[2]) if len(parts) > 2 else None
        return None if site is None else allowed_origin(scope, site)


def allowed_origin(scope: Scope, site: Site) -> str | None:
    """Return the origin of the call if its pages may read this site's answers, else None."""
    origin = request_headers.seen(scope).origin
    return origin if origin in site.origins else None


def for_origin(allowed: str | None) -> request_headers.Raw:
    """Return the CORS headers of an answer. `allowed`: the origin whose pages may read it, or None."""
    return [_VARY, *request_headers.cross_origin(allowed), _EXPOSED] if allowed else [_VARY]


def _preflight(origin: str, scope: Scope) -> Response:
    requested = Headers(scope=scope).get("access-control-request-headers", "")
    answer = Response(
        status_code=204,
        headers={
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": ", ".join(("content-type", *tracing_names(requested))),
            "access-control-max-age": str(PREFLIGHT_SECONDS),
            "vary": "Origin, Access-Control-Request-Headers",
        },
    )
    answer.raw_headers.extend(request_headers.cross_origin(origin))
    return answer
