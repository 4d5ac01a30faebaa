"""Hosts: a request of HTTP/1.1 names the one host that it was sent to, or is refused (RFC 9112 section 3.2).

Two `Host` headers are read differently by a proxy and by what stands behind it, so neither counts. Knows nothing of
which names are the service's own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from consent_service.web.http import problems, request_headers

_HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~%-]{1,255})(:[0-9]{0,5})?")


def named(host: bytes | None, scope: Scope) -> bool:
    """Return True when the request names its host, which only HTTP/1.1 must.

    `host`: the header's value, None where there is none (`request_headers.Seen`).
    """
    return _is_host(host) if host else scope.get("http_version") != "1.1"


@lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def refusal() -> Response:
    """Return the answer to a request that does not name its host."""
    detail = "give one Host header with the name that you call, such as `Host: privacy.example.com`"
    return problems.response(problems.HOST_MISSING, detail)


class Named:
    """Answers 400 to a request that does not name its host."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not named(request_headers.seen(scope).host, scope):
            return await refusal()(scope, receive, send)
        await self._app(scope, receive, send)
