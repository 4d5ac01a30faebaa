"""Middleware: one access log line and one count for each call that is not a flag.

The line has the route's template, status and duration: no query, no address, no User-Agent (design rule 7).
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consent_service.web.metrics import Metrics

_log = structlog.get_logger("consent_service.access")


class AccessLog:
    """Logs and counts calls by their route's template."""

    def __init__(self, app: ASGIApp, metrics: Metrics, timer: Callable[[], float]) -> None:
        self._app = app
        self._metrics = metrics
        self._timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, status = self._timer(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            route = scope.get("consent.route", "unmatched")
            self._metrics.calls[route, status] += 1
            _log.info("call", route=route, status=status, ms=round((self._timer() - began) * 1000, 2))
