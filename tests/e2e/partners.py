"""Partners: an ad partner's server on a site of its own that notes whatever reaches it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from playwright.async_api import Page

from tests.support.waiting import DEADLINE

HOST = "ads.partner.localhost"
LAST = "/last.gif"
DOMAIN = "partner.localhost"
FACTS = f"""
[partners.adnet]
name = "adnet"
domains = ["{DOMAIN}"]
sites = ["acme"]
"""


@dataclass
class Partner:
    """The partner's log: the path of everything that arrived, oldest first."""

    server: ThreadingHTTPServer
    asked: list[str] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.server.server_port}"

    def note(self, path: str) -> None:
        with self._arrived:
            self.asked.append(path)
            self._arrived.notify_all()

    async def heard(self, *paths: str) -> None:
        """Wait until all of these have arrived."""

        def wait() -> bool:
            with self._arrived:
                return self._arrived.wait_for(lambda: set(paths) <= set(self.asked), DEADLINE)

        assert await asyncio.to_thread(wait), (paths, self.asked)

    async def heard_all(self, page: Page, *paths: str) -> None:
        """Wait until these have arrived, and check that nothing else has: what the page sends last comes last."""
        await self.heard(*paths)
        await page.evaluate("(to) => { new Image().src = to; }", f"{self.origin}{LAST}")
        await self.heard(LAST)
        assert sorted(self.asked) == sorted([*paths, LAST])


@contextmanager
def partner() -> Iterator[Partner]:
    """A server that answers `.js` with a script that notes that it ran, and everything else with nothing."""
    opened: Partner

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # a page asks for many things at once

    class Handler(BaseHTTPRequestHandler):
        """Every method alike."""

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            opened.note(path)
            self.rfile.read(int(self.headers.get("content-length") or 0))
            script = path.endswith(".js")
            body = f"window.ran.push({path!r});".encode() if script else b""
            self.send_response(200)
            self.send_header("content-type", "text/javascript" if script else "text/html")
            self.send_header("content-length", str(len(body)))
            self.send_header("access-control-allow-origin", "*")
            self.send_header("cache-control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the base class names it

        def log_message(self, *_given: object) -> None:
            """`asked` is the log."""

    server = Server(("127.0.0.1", 0), Handler)
    opened = Partner(server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
