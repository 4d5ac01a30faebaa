"""Bounds: how much of a request's head is read, and the answer to a longer one.

What a caller can make the service do must grow no faster than what the caller sends, and no call may hold up the
others. So a head has one bound, whatever stands in it. The flag alone is never refused for it, because it is asked
before every ad: what it can't read of an identity is doubt, and denies (design rule 2).
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from consent_service.web.http import problems

MOST_HEAD: Final = 32 * 1024
"""Bytes of path, query and headers together. Web servers commonly refuse heads of 8 to 32 KiB."""

MOST_COOKIES: Final = 8
"""Cookies of one name that are read. A browser keeps one for each domain and path that a page can set it for."""

MOST_QUERY: Final = 4096
"""Bytes of a query that are read. No parameter of ours has more than 512."""


def fits(scope: Scope) -> bool:
    """Return True when the request's head is within its bound."""
    size = len(scope["path"]) + len(scope["query_string"])
    for name, value in scope["headers"]:
        size += len(name) + len(value)
    return size <= MOST_HEAD


class Bounded:
    """Answers 431 to a head that is too large (RFC 6585 section 5)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not fits(scope):
            detail = f"path, query and headers have at most {MOST_HEAD} bytes together; send fewer cookies"
            return await problems.response(problems.HEAD_TOO_LARGE, detail)(scope, receive, send)
        await self._app(scope, receive, send)
