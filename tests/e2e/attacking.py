"""Attacking: the real service over TLS with a clock that tests move, and a site whose pages an attacker writes.

Over TLS, because only there browsers do all that the confirm page relies on.
"""

from __future__ import annotations

import json
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.support.application import READING
from tests.support.application_server import Listening, listening
from tests.support.nginx import self_signed
from tests.support.ports import free_ports

_PAGE = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{path}</title>{html}'
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Asked(NamedTuple):
    """A visitor's token, what denies them now, what would allow them then, and where they may confirm it."""

    token: str
    basis: str
    confirmed: str
    url: str


@dataclass(frozen=True)
class Scene:
    """The running service and the attacker's site. `pages`: what the site answers, by path."""

    service: Listening
    origin: str
    public_url: str
    pages: dict[str, str] = field(default_factory=dict)

    def asked(self, *, signal: bool) -> Asked:
        """A visitor who opted out, and whose browser sent the signal or never did; their opt-in waits."""
        token = self._call("choices", {"sale_share": "opt_out"})["visitor"]
        if signal:
            token = self._call("signals", {"gpc": True, "visitor": token})["visitor"]
        url = self._call("choices", {"sale_share": "opt_in", "visitor": token})["confirm_url"]
        return Asked(token, *(("gpc", "affirmed") if signal else ("choice", "opted_in")), url)

    def basis(self, asked: Asked) -> str:
        """The flag's basis for this visitor, as the service gives it to anybody who asks."""
        return str(self._call(f"flag?visitor={asked.token}")["basis"])

    def write(self, path: str, html: str) -> str:
        """Put a page on the attacker's site; its address."""
        self.pages[path] = html
        return self.origin + path

    def time_passes(self) -> None:
        """Let so much time pass that whatever page is open counts as read."""
        self.service.clock.now += READING

    def confirm_pages(self) -> list[int]:
        """The status of every answer that a confirm page gave so far."""
        lines = [json.loads(line) for line in self.service.logged()]
        return [line["status"] for line in lines if line.get("route") == "/s/{site}/confirm/{nonce}"]

    def _call(self, call: str, body: Any = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.service.port}/v1/acme/{call}",
            None if body is None else json.dumps(body).encode(),
            {"Origin": self.origin, "Content-Type": "application/json", "User-Agent": _BROWSER},
        )
        with urllib.request.urlopen(request, timeout=20, context=_anybody()) as answer:
            said: dict[str, Any] = json.load(answer)
        return said


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Service and site, as long as the block lasts."""
    port, site_port = free_ports(2)
    front = self_signed(folder, port)
    pages: dict[str, str] = {}
    origin, public_url = f"https://shop.localhost:{site_port}", f"https://privacy.localhost:{port}"
    options = {"shop": origin, "public_url": public_url}
    with (
        listening(folder, port, front.certificate, front.key, **options) as service,
        _site(pages, site_port, front.certificate or folder, front.key),
    ):
        yield Scene(service, origin, public_url, pages)


@contextmanager
def _site(pages: dict[str, str], port: int, certificate: Path, key: Path) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        """Pages by path."""

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            html = pages.get(path)
            if html is None:
                return self.send_error(404)
            body = _PAGE.format(path=path, html=html).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return None

        def log_message(self, *_given: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        """Browsers hang up on a certificate that they don't know, before they try again."""

        def handle_error(self, *_given: object) -> None:
            """Nobody reads it."""

    server = Server(("127.0.0.1", port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _anybody() -> ssl.SSLContext:
    """Whoever answers on loopback is believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
