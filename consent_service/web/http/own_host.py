"""Own host: pages on which people decide are served under the service's own name alone.

A site may lead one of its paths to the service (first-party mode), and what is served there belongs to the site's
origin: its scripts could read the page and press its button. Knows names and paths, nothing of visitors.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from consent_service.web.http import problems

_PAGES: Final = "/s/"
_FOR_ANYBODY: Final = ("gpc.json",)
"""Paths among a site's pages (as `/s/{site}/…`) that hold nothing to press."""

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class OwnHost:
    """Answers 421 to a page that was asked for under another name."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._public_url = public_url
        parts = urlsplit(public_url)
        self._own = {parts.netloc, parts.netloc + _DEFAULT_PORTS[parts.scheme]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_page(scope["path"]):
            named = names(scope)
            if not named or not named <= self._own:
                detail = f"this page is served on {self._public_url} alone; a proxy there must pass Host on"
                return await problems.response(problems.MISDIRECTED, detail)(scope, receive, send)
        await self._app(scope, receive, send)


def is_page(path: str) -> bool:
    """Return True for the path of a page of ours, known or not: pages added later are guarded too."""
    parts = path.split("/", 3)
    return path.startswith(_PAGES) and (len(parts) < 4 or parts[3] not in _FOR_ANYBODY)


def names(scope: Scope) -> set[str]:
    """The hosts under which this request says that it was sent.

    `X-Forwarded-Host` counts beside `Host`, whoever sent it, and never instead: a page's script can add it to a
    call through its site's path, where a proxy may pass it on.
    """
    given = [
        value.decode("latin-1") for name, value in scope["headers"] if name in (b"host", b"x-forwarded-host")
    ]
    return {host.strip().lower() for value in given for host in value.split(",")}
