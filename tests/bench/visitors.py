"""Visitors that the service knows, and the choices that others make meanwhile, both through the public API."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final

from tests.bench.servers import ORIGIN, SITE, Server

CHOOSE: Final = f"/v1/{SITE}/choices"
FLAG: Final = f"/v1/{SITE}/flag"
HEADERS: Final = {
    "Origin": ORIGIN,
    "Referer": f"{ORIGIN}/",
    "Accept": "*/*",
    "Accept-Language": "en-US,en;q=0.9",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0",
}
SIGNAL: Final = {"Sec-GPC": "1"}


def opt_out(connection: http.client.HTTPConnection) -> dict[str, Any]:
    """A new visitor opts out; what the service answered."""
    body = json.dumps({"sale_share": "opt_out", "method": "banner", "id": str(uuid.uuid4())})
    connection.request("POST", CHOOSE, body, {**HEADERS, "Content-Type": "text/plain"})
    response = connection.getresponse()
    answer: dict[str, Any] = json.loads(response.read())
    if response.status != 201:
        raise RuntimeError(f"a choice was answered {response.status}: {answer}")
    return answer


def known_cookies(server: Server, count: int) -> list[str]:
    """The cookies of so many new visitors who have opted out."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    return [_cookie(opt_out(connection)) for _ in range(count)]


def strangers_cookies(known: list[str]) -> list[str]:
    """Cookies of the same lengths that say nothing to the service."""
    return ["session=" + "s" * (len(cookie) - len("session=")) for cookie in known]


@contextlib.contextmanager
def choices_meanwhile(server: Server, per_second: int) -> Iterator[list[float]]:
    """While inside, new visitors opt out at a steady rate; the list gets the seconds each answer took."""
    done = threading.Event()
    took: list[float] = []

    def choose() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        due = time.monotonic()
        while not done.wait(max(0.0, due - time.monotonic())):
            begun = time.monotonic()
            opt_out(connection)
            took.append(time.monotonic() - begun)
            due += 1 / per_second

    thread = threading.Thread(target=choose)
    thread.start()
    try:
        yield took
    finally:
        done.set()
        thread.join()


def _cookie(answer: dict[str, Any]) -> str:
    return f"pc_{SITE}=1.dda.choice.0.{int(time.time())}.300.{answer['visitor']}"
