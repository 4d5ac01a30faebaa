"""Guards: ASGI middleware that refuses a request by its head, before any handler sees it.

Knows headers, names and paths, nothing of sites or visitors.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from consent_service.web.http import problems, request_headers
from consent_service.web.http.request_headers import MOST_HEAD

_PAGES: Final = "/s/"
_WITHOUT_BUTTONS: Final = ("gpc.json",)
"""Paths below a site's pages (as `/s/{site}/…`) that may be served under any name: they hold no button."""

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class HeadLimit:
    """Middleware that answers 431 to a head over the limit (RFC 6585 section 5)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not request_headers.fits(scope):
            detail = f"path, query and headers have at most {MOST_HEAD} bytes together; send fewer cookies"
            return await problems.response(problems.HEAD_TOO_LARGE, detail)(scope, receive, send)
        await self._app(scope, receive, send)


class HostHeader:
    """Middleware that answers 400 to a request that does not name exactly one host (RFC 9112 section 3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not request_headers.names_host(
            request_headers.seen(scope).host, scope
        ):
            return await host_refusal()(scope, receive, send)
        await self._app(scope, receive, send)


def host_refusal() -> Response:
    """Return the answer to a request that does not name its host."""
    detail = "give one Host header with the name that you call, such as `Host: privacy.example.com`"
    return problems.response(problems.HOST_MISSING, detail)


class OwnHost:
    """Middleware that answers 421 to a page of ours that is asked for under another host's name.

    A site may lead one of its paths to the service (first-party mode). A page served there belongs to the site's
    origin: the site's scripts could read it and press its button.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._public_url = public_url
        parts = urlsplit(public_url)
        self._own = {parts.netloc, parts.netloc + _DEFAULT_PORTS[parts.scheme]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_page(scope["path"]):
            hosts = request_headers.host_names(scope)
            if not hosts or not hosts <= self._own:
                detail = f"this page is served on {self._public_url} alone; a proxy there must pass Host on"
                return await problems.response(problems.MISDIRECTED, detail)(scope, receive, send)
        await self._app(scope, receive, send)


def is_page(path: str) -> bool:
    """Return True for the path of a page of ours, routed or not: pages added later are guarded too."""
    parts = path.split("/", 3)
    return path.startswith(_PAGES) and (len(parts) < 4 or parts[3] not in _WITHOUT_BUTTONS)
