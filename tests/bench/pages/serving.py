"""Serving: the site with a page for each variant, and a proxy before the real service, as sites have them.

Every answer takes the same time on its way, and files are sent in brotli, so that what differs is what the
variants ask for. Knows nothing of browsers and of what is measured.
"""

from __future__ import annotations

import asyncio
import mimetypes
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Host, Route

from consent_service.config import parse_config
from consent_service.demo.demo_folder import DemoFolder, configuration_text
from consent_service.demo.site_addresses import LOOPBACK, SERVICE_HOST, SHOP_HOST, SITE, Addresses
from consent_service.embed.site_script import script_of
from tests.bench.pages.compressing import brotli
from tests.bench.pages.variants import BARE, FILES, MODULES, Variant, ours
from tests.support.ports import free_ports
from tests.support.processes import fetch
from tests.support.service import serving
from tests.support.waiting import eventually

LATENCY: Final = 0.05  # seconds that every answer is on its way
_PASSED_ON: Final = ("content-type", "access-control-allow-origin", "vary")


@dataclass(frozen=True)
class Served:
    """The variants and where their pages are."""

    origin: str
    variants: tuple[Variant, ...]

    def address(self, variant: Variant) -> str:
        """The page of this variant."""
        return f"{self.origin}/pages/{self.variants.index(variant)}"


@asynccontextmanager
async def served(folder: Path, peers: Sequence[Variant] = ()) -> AsyncIterator[Served]:
    """The bare page, ours and those of the peers, for as long as the block lasts."""
    front, port = free_ports(2)
    with _service(folder, front, port) as mine:
        every = (BARE, mine, *peers)
        async with httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as client:
            site = Starlette(routes=Site(every).routes())
            service = Starlette(
                routes=[Route("/{path:path}", Proxy(client).forward, methods=["GET", "POST"])]
            )
            app = Starlette(routes=[Host(SHOP_HOST, site), Host(SERVICE_HOST, service)])
            async with _listening(app, front):
                yield Served(Addresses(front, front).shop, every)


class Site:
    """The site's own pages and files."""

    def __init__(self, every: Sequence[Variant]) -> None:
        self._pages = [variant.page().encode() for variant in every]

    def routes(self) -> list[Route]:
        """Pages by number, our files, and what the peers ship."""
        return [
            Route("/pages/{number:int}", self.page),
            Route("/files/{name}", self.file),
            Route("/{peer}/dist/{name}", self.shipped),
        ]

    async def page(self, request: Request) -> Response:
        """`GET /pages/{number}`."""
        return await _delivered(self._pages[request.path_params["number"]], {"content-type": "text/html"})

    async def file(self, request: Request) -> Response:
        """`GET /files/{name}`."""
        return await self._read(FILES / request.path_params["name"])

    async def shipped(self, request: Request) -> Response:
        """`GET /{peer}/dist/{name}`."""
        return await self._read(MODULES / request.path_params["peer"] / "dist" / request.path_params["name"])

    async def _read(self, file: Path) -> Response:
        kind, _ = mimetypes.guess_type(file.name)
        assert kind, file
        return await _delivered(file.read_bytes(), {"content-type": kind})


class Proxy:
    """Web server in front of the service."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def forward(self, request: Request) -> Response:
        """Ask the service the same, and pass its answer on."""
        asked = {name: value for name, value in request.headers.items() if name != "accept-encoding"}
        body = await request.body()
        answer = await self._client.request(request.method, request.url.path, headers=asked, content=body)
        passed = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
        return await _delivered(answer.content, passed, answer.status_code)


async def _delivered(body: bytes, headers: dict[str, str], status: int = 200) -> Response:
    await asyncio.sleep(LATENCY)
    # Not the service's JSON: it differs each time, and is short.
    if headers.get("content-type", "").startswith("text/"):
        return Response(brotli(body), status, {**headers, "content-encoding": "br"})
    return Response(body, status, headers)


@contextmanager
def _service(folder: Path, front: int, port: int) -> Iterator[Variant]:
    """The real service on `port`, which browsers reach at `front`; ours as it serves it."""
    text = configuration_text(DemoFolder(folder), Addresses(front, front)).replace(
        f"port = {front}", f"port = {port}"
    )
    config = parse_config(text, {})
    with serving(folder, text, port):
        script = script_of(config, SITE, int(time.time()))
        yield ours(script.inline, script.body, config.service.public_url)


@asynccontextmanager
async def _listening(app: Starlette, port: int) -> AsyncIterator[None]:
    server = Server(
        app, address=LOOPBACK, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False
    )
    listening = asyncio.create_task(server.serve())
    try:
        await asyncio.to_thread(eventually, lambda: fetch(port, "/").status)
        yield
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.gather(listening, return_exceptions=True)
