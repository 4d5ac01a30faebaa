"""Applications that a server can be pointed at: the empty ones, and ours for servers that we don't ship with.

An empty application answers every request with the body that `BENCH_BODY` holds: one as long as the service's own.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Protocol

from consent_service.app import ConsentApp, create_app
from consent_service.config import parse_config

_BODY = os.environ.get("BENCH_BODY", "").encode()
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())],
}
_RSGI_HEADERS = [("content-type", "application/json"), ("content-length", str(len(_BODY)))]


class RsgiProtocol(Protocol):
    """The part of RSGI's HTTP protocol that the empty application calls."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send the whole answer."""


async def empty(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Answer over ASGI, and do nothing else: the cost of the server and its interface."""
    if scope["type"] == "http":
        await send(_START)
        await send({"type": "http.response.body", "body": _BODY})


async def empty_rsgi(scope: object, protocol: RsgiProtocol) -> None:
    """Answer over RSGI, and do nothing else."""
    protocol.response_bytes(200, _RSGI_HEADERS, _BODY)


def ours() -> ConsentApp:
    """Return the service under the configuration that BENCH_CONFIG names."""
    return create_app(parse_config(Path(os.environ["BENCH_CONFIG"]).read_text(), os.environ))
