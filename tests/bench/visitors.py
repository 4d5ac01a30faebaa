"""Visitors' requests: what a browser sends with each, and the choices that others make meanwhile.

All of it goes through the public API. Knows no figures.
"""

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
TOKEN, CHANGING = "TOKEN", "CHANGING"
"""Placeholders that flags.lua fills: the visitor's token, and ten digits that change with each request."""

FOREIGN: Final = (
    f"_ga=GA1.1.{CHANGING}.1764400000",
    "_gid=GA1.2.1508320034.1764400000",
    "_fbp=fb.1.1764400000000.839302193",
    "_gcl_au=1.1.820934011.1764400000",
    "_uetsid=5f1c2b70cd0811f0a1e5d90f4f6a2c11",
    "_uetvid=5f1c4f90cd0811f0b2d3a9be2c94ad02",
    "_hjSessionUser_3411=eyJpZCI6IjVmMWMyYjcwIiwiY3JlYXRlZCI6MTc2NDQwMDAwMH0=",
    "_clck=1k2j9sd%7C2%7Cg1a%7C0%7C2160",
    "_clsk=1xh3q2%7C1764400000000%7C3%7C1%7Cq.clarity.ms%2Fcollect",
    "cart=0f8fad5b-d9cb-469f-a165-70867728950e",
    "session=s%3A9bKx1ZpQ7uJ3vE5mT2wY8rL4nC6hD0fG.a1b2c3d4e5f6",
    "csrftoken=Qm9vbVNoYWthTGFrYTEyMzQ1Njc4OTA",
    "lang=en-US",
    "currency=USD",
    "ab_checkout=variant-b",
)
"""Fifteen cookies of others, as a shop's page has them; the first changes with each request."""


def cookie(as_of: int, token: str = TOKEN) -> str:
    """Return a Cookie header in which the service's own cookie stands among the foreign ones."""
    own = f"pc_{SITE}=1.dda.choice.0.{as_of}.300.{token}"
    middle = len(FOREIGN) // 2
    return "; ".join([*FOREIGN[:middle], own, *FOREIGN[middle:]])


def strangers_cookie() -> str:
    """Return a Cookie header with the foreign cookies and none of the service's."""
    return "; ".join(FOREIGN)


def flag_body(server: Server, token: str) -> str:
    """Return the answer to one question for a flag."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", f"{FLAG}?visitor={token}", headers=HEADERS)
    return connection.getresponse().read().decode()


def opt_out(connection: http.client.HTTPConnection) -> dict[str, Any]:
    """Make the opt-out of a new visitor, and return the service's answer."""
    body = json.dumps({"sale_share": "opt_out", "method": "banner", "id": str(uuid.uuid4())})
    connection.request("POST", CHOOSE, body, {**HEADERS, "Content-Type": "text/plain"})
    response = connection.getresponse()
    answer: dict[str, Any] = json.loads(response.read())
    if response.status != 201:
        raise RuntimeError(f"a choice was answered {response.status}: {answer}")
    return answer


@contextlib.contextmanager
def choices_meanwhile(server: Server, per_second: int) -> Iterator[None]:
    """Let new visitors opt out at a steady rate while inside."""
    done = threading.Event()

    def choose() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        due = time.monotonic()
        while not done.wait(max(0.0, due - time.monotonic())):
            opt_out(connection)
            due += 1 / per_second

    thread = threading.Thread(target=choose)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
