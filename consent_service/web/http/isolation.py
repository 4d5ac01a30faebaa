"""Isolation: no page frames the page of the second step, and its window belongs to no page that opened it.

The page around a frame decides how much of the frame is seen. The opener of a window can move and close it, and a
window opened from a sandbox runs no script. Knows headers, nothing of the pages themselves.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    # https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies
    "cross-origin-opener-policy": "same-origin",
}
_PURPOSES: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD: Final = ("prefetch", "prerender", "preview")


class Isolation:
    """Middleware that adds these headers to every answer, also to problems; a page's own, stricter policy stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_isolated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_isolated)


def fetched_ahead(headers: Headers) -> bool:
    """Return True for a prefetch: another page could choose the moment when the page is shown.

    `Sec-Purpose` is the standard's (https://fetch.spec.whatwg.org/#sec-purpose-header); the others are older.
    """
    purposes = " ".join(value for name in _PURPOSES for value in headers.getlist(name)).lower()
    return any(word in purposes for word in _AHEAD)
