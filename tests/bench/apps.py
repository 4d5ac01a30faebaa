"""Applications that a server can be pointed at: the empty one, and ours for servers that we don't ship with."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from consent_service.app import ConsentApp, create_app
from consent_service.config import parse_config

_BODY = b'{"site":"acme","sale":"denied"}'
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())],
}


async def empty(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Answer the same few bytes for every request."""
    if scope["type"] == "http":
        await send(_START)
        await send({"type": "http.response.body", "body": _BODY})


def ours() -> ConsentApp:
    """The service under the configuration that BENCH_CONFIG names."""
    return create_app(parse_config(Path(os.environ["BENCH_CONFIG"]).read_text(), os.environ))
