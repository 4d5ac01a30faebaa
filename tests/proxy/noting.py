"""A server behind a proxy that notes what reaches it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass
class Noted:
    """Calls that reached the other side: method, path and headers of each call."""

    port: int = 0
    calls: list[tuple[str, str, list[tuple[str, str]]]] = field(default_factory=list)

    def header(self, name: str) -> list[str]:
        """Every value of this header in the last call."""
        return [value for given, value in self.calls[-1][2] if given.lower() == name.lower()]

    @property
    def path(self) -> str:
        return self.calls[-1][1]


@contextmanager
def noting() -> Iterator[Noted]:
    """A server that notes and answers 200 to everything."""
    noted = Noted()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            noted.calls.append((self.command, self.path, list(self.headers.items())))
            self.send_response(200)
            self.send_header("content-type", "text/javascript")
            self.send_header("set-cookie", "pc_acme=1; Path=/; SameSite=Lax")
            self.send_header("content-length", "4000")
            self.end_headers()
            self.wfile.write(b"a" * 4000)

        do_GET = do_POST = handle_any  # noqa: N815 - the base class calls them so

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    noted.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield noted
    server.shutdown()
    thread.join()
    server.server_close()
