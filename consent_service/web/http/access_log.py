"""Access log: one line and one count for each call that is not a flag.

The line has the route's template, status and duration: no query, no address, no User-Agent (design rule 7). Lines are
collected and written together, within a second: written one by one they would cost a fifth of a durable choice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consent_service.public_contract import rfc3339
from consent_service.web.metrics import Metrics

_MOST_COLLECTED: Final = 512


def to_standard_error(text: bytes) -> None:
    """Write lines of the service's log to standard error."""
    sys.stderr.buffer.write(text)
    sys.stderr.buffer.flush()


class _CallLine(msgspec.Struct):
    """One line as JSON. `ms`: duration in milliseconds."""

    route: str
    status: int
    ms: float
    at: str
    pid: int
    process: str = "web"
    event: str = "call"
    level: str = "info"


class AccessLines:
    """Buffer of lines that are written together."""

    def __init__(
        self, clock: Callable[[], float], write: Callable[[bytes], None] = to_standard_error
    ) -> None:
        self._clock = clock
        self._write = write
        self._lines: list[bytes] = []
        self._pid = os.getpid()

    def add(self, route: str, status: int, seconds: float) -> None:
        """Add the line of one call."""
        line = _CallLine(route, status, round(seconds * 1000, 2), rfc3339(int(self._clock())), self._pid)
        self._lines.append(msgspec.json.encode(line))
        if len(self._lines) >= _MOST_COLLECTED:
            self.flush()

    def flush(self) -> None:
        """Write the lines collected so far."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._write(b"\n".join([*lines, b""]))


class AccessLog:
    """Logger and counter of calls by their route's template."""

    def __init__(self, lines: AccessLines, metrics: Metrics, timer: Callable[[], float]) -> None:
        self._lines = lines
        self._metrics = metrics
        self.timer = timer

    def note(self, route: str, status: int, began: float) -> None:
        """Log and count a call that ends now. `began`: reading of `timer` at its start."""
        seconds = self.timer() - began
        self._metrics.calls[route, status] += 1
        self._metrics.call_seconds[route].add(seconds)
        self._lines.add(route, status, seconds)


class AccessLogMiddleware:
    """Middleware that logs the calls of the application inside."""

    def __init__(self, app: ASGIApp, access_log: AccessLog) -> None:
        self._app = app
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, status = self._access_log.timer(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            self._access_log.note(scope.get("consent.route", "unmatched"), status, began)
