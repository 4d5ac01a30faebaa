"""Calls as a server hands them on, whatever size they have: no client of ours stands in between."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from starlette.types import Message

from tests.support.application import Running
from tests.support.clock import START

HUGE = 360_000
"""Bytes: as large a head as servers pass on that have no bound of their own."""

Headers = Iterable[tuple[str, str]]


class Answer:
    """Answer to one call, and how long the application itself worked on it."""

    def __init__(self, messages: list[Message], seconds: float) -> None:
        self.status: int = messages[0]["status"]
        self.body = b"".join(message.get("body", b"") for message in messages[1:])
        self.seconds = seconds

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def flag(self) -> tuple[object, ...]:
        flag = self.json()
        return tuple(flag[name] for name in ("sale", "share", "sensitive", "basis", "max_age"))


async def call(
    service: Running, what: str, headers: Headers = (), query: str = "", body: bytes = b""
) -> Answer:
    """One call as a server hands it on, whatever size it has. Time is this thread's own, not the machine's."""
    method, path = what.split(" ")
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "https",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("10.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    began = time.thread_time()
    await service.app(scope, receive, send)
    return Answer(sent, time.thread_time() - began)


def cookie(token: str, name: str = "pc_acme") -> str:
    return f"{name}=1.aaa.default.0.{START}.300.{token}"


def filled(unit: str, size: int) -> str:
    """The text that repeats this one to about the size."""
    return unit * (size // len(unit))
