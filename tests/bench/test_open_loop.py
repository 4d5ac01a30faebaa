"""The open-loop generator against a real server that stands still, closes connections, or refuses."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.open_loop import Generator
from tests.bench.waits import Waits

STALL = 0.3
RATE = 100.0


@contextmanager
def _server(version: str = "HTTP/1.1", *, stall: float = 0.0, status: int = 201) -> Iterator[int]:
    """Serve choices on the port that is yielded; the first answer is held back for `stall` seconds."""
    stalls = [stall]

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = version

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if stalls:
                time.sleep(stalls.pop())
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _driven(port: int, most: int, seconds: float = 60.0, **more: Any) -> Waits:
    stream = {"name": "choices", "rate": RATE, "most": most, "connections": 1, **more}
    stream["requests"] = {"kind": "choices", "seed": 0}
    return Generator({"port": port, "seconds": seconds, "streams": [stream]}).run()["choices"]


def test_what_falls_due_while_the_server_stands_still_is_charged_with_the_wait() -> None:
    with _server(stall=STALL) as port:
        found = _driven(port, most=20)
    assert found.requests == 20
    # One answer was late, and yet nineteen more fell due behind it on the only connection.
    assert found.worst >= STALL * 1000
    assert found.half >= (STALL - 10 / RATE) * 1000


def test_what_is_not_answered_by_the_end_is_charged_too() -> None:
    with _server(stall=STALL) as port:
        found = _driven(port, most=0, seconds=STALL / 2)
    assert found.requests >= STALL / 2 * RATE - 1
    assert found.worst >= STALL / 2 * 900


def test_a_server_that_closes_after_each_answer_is_connected_to_again_and_nothing_is_lost() -> None:
    with _server("HTTP/1.0") as port:
        found = _driven(port, most=20)
    assert (found.requests, found.broken, found.refused) == (20, 0, 0)


def test_refusals_are_counted() -> None:
    with _server(status=503) as port:
        assert _driven(port, most=5).refused == 5
    with _server(status=304) as port:
        assert _driven(port, most=5).refused == 0


def test_rate_nought_issues_everything_at_once() -> None:
    with _server(stall=STALL) as port:
        found = _driven(port, most=10, rate=0, connections=10)
    assert found.requests == 10
    assert found.half < found.worst
