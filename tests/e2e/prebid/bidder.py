"""A bidder: a server on loopback that takes bid requests and syncs, bids, and keeps what it was told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Bidder:
    """Requests that it got: the OpenRTB requests, and the parameters of each sync."""

    address: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    synced: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def bidding() -> Iterator[Bidder]:
    """One at work on a free port."""
    bidder = Bidder()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            bidder.asked.append(request)
            bids = [
                {
                    "id": "1",
                    "impid": imp["id"],
                    "price": 1,
                    "adm": "<p>Lamps</p>",
                    "w": 300,
                    "h": 250,
                    "crid": "1",
                }
                for imp in request["imp"]
            ]
            self._answer(json.dumps({"id": request["id"], "cur": "USD", "seatbid": [{"bid": bids}]}).encode())

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/sync":
                bidder.synced.append({name: values[0] for name, values in parse_qs(address.query).items()})
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("access-control-allow-origin", "*")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        bidder.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield bidder
        finally:
            server.shutdown()
            thread.join()
