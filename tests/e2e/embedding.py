"""Embedding: pages that a test writes, on a site that embeds the real service, with the configuration it wants.

Servers listen on free loopback ports; the service can be stopped and started again on the same store.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Request

from consent_service.config import parse_config
from consent_service.embed.script import BuiltScript
from consent_service.embed.site_script import script_of
from consent_service.ledger.entries import ChoiceEntry, Entry, decode
from consent_service.store.engines import open_store
from consent_service.store.names import LEDGER, site_shards
from tests.support.configuration import NO_LIMITS, consent_toml, sqlite_url
from tests.support.ports import free_ports
from tests.support.service import Service, serving
from tests.support.waiting import DEADLINE_MS

SITE = "acme"
PAGE = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
<script>window.ran = []</script>{before}<script{data}>{stub}</script><script async src="{service}/w/acme.js"></script>
{head}</head><body>{body}</body></html>
"""
TAG = "window.ran.push({name!r});"


@dataclass
class Written:
    """A page as a test wrote it.

    `before` stands before the stub, `head` after it; `data` are the embedding tag's attributes, `nonce` is every
    script's. `whole`: the whole document instead, with `{stub}` and `{service}` where the snippet wants them.
    """

    body: str = ""
    whole: str = ""
    before: str = ""
    head: str = ""
    data: str = ""
    policy: str = ""
    nonce: str = ""


@dataclass
class Shop:
    """A site's server, and the service beside it. `/tag/<name>.js` notes its name in `window.ran`.

    `scripts`: other scripts by path. What is below `/hang/` is answered when the server ends.
    `moved`: a path -> the address that its visitors are sent to.
    """

    folder: Path
    more: str
    port: int
    server: ThreadingHTTPServer
    pages: dict[str, Written] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    ending: threading.Event = field(default_factory=threading.Event)
    regime: str = "us-ca"
    earlier: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://shop.localhost:{self.server.server_port}"

    @property
    def service(self) -> str:
        return f"http://privacy.localhost:{self.port}"

    @property
    def text(self) -> str:
        return consent_toml(
            self.folder,
            self.port,
            name="Acme",
            public_url=self.service,
            origins=[self.origin],
            regime=self.regime,
            more=NO_LIMITS,
            site=self.more,
        )

    @contextmanager
    def serving(self) -> Iterator[Service]:
        """The service, as long as the block lasts."""
        with serving(self.folder, self.text, self.port) as service:
            yield service

    @property
    def inline(self) -> str:
        """The part of the snippet that stands in the page itself."""
        return self.script().inline

    def script(self) -> BuiltScript:
        """Script and stub as the service builds them."""
        return script_of(parse_config(self.text, {}), SITE, int(time.time()))

    def html(self, page: Written) -> str:
        stub = self.inline
        if page.whole:
            return page.whole.replace("{stub}", stub).replace("{service}", self.service)
        parts = {"stub": stub, "service": self.service, "data": page.data and f" {page.data}"}
        html = PAGE.format(**parts, before=page.before, head=page.head, body=page.body)
        return html.replace("<script", f'<script nonce="{page.nonce}"') if page.nonce else html

    async def begin_anew(self) -> None:
        """For another test: an empty front page, and a ledger that begins here."""
        self.pages = {"/": Written()}
        self.earlier |= {entry.id for entry in await self.entries()}

    async def choices(self) -> list[ChoiceEntry]:
        """The choices in the ledger since this test began."""
        return [entry for entry in await self.entries() if isinstance(entry, ChoiceEntry)]

    async def entries(self) -> list[Entry]:
        store = open_store(sqlite_url(self.folder))
        try:
            page = await store.read(LEDGER, site_shards(SITE, store.shards), "", 10_000)
        finally:
            await store.close()
        entries = [decode(entry.payload) for entry in page.entries]
        return [entry for entry in entries if entry.id not in self.earlier]


@dataclass
class Guest:
    """A visitor of the shop, and the calls that the pages made to the service."""

    context: BrowserContext
    shop: Shop
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def visit(self, path: str = "/", *, ready: bool = True) -> Page:
        """Open a page in a new tab; waits for the service's answer unless it is down."""
        page = await self.context.new_page()
        await page.goto(self.shop.origin + path, wait_until="load")
        if ready:
            await answered(page)
        return page

    def note(self, request: Request) -> None:
        if request.method == "POST":
            self.asked.append(urlsplit(request.url).path.rpartition("/")[2])

    async def cookie(self) -> dict[str, Any]:
        """The site's cookie as the browser keeps it."""
        (found,) = [cookie for cookie in await self.context.cookies() if cookie.get("name") == f"pc_{SITE}"]
        return dict(found)


async def answered(page: Page) -> None:
    """Wait until the script has its first answer."""
    await page.evaluate("() => privacyChoices.ready.then(() => true)")


async def ran(page: Page) -> list[str]:
    """Return the names of the tags that have run on this page, in order."""
    names: list[str] = await page.evaluate("() => window.ran")
    return names


@contextmanager
def shop(folder: Path, more: str = "") -> Iterator[Shop]:
    """A site's server with the configuration for its service; that one is not started yet."""
    service_port, site_port = free_ports(2)
    opened: Shop

    class Handler(BaseHTTPRequestHandler):
        """Pages by path, and tags."""

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            page = opened.pages.get(path)
            if page is not None:
                self.reply("text/html", opened.html(page), page.policy)
            elif path in opened.moved:
                self.send_response(302)
                self.send_header("location", opened.moved[path])
                self.end_headers()
            elif path in opened.scripts:
                self.reply("text/javascript", opened.scripts[path], "")
            elif path.startswith("/hang/"):
                opened.ending.wait()
            elif path.startswith("/tag/"):
                name = path.removeprefix("/tag/").removesuffix(".js")
                self.reply("text/javascript", TAG.format(name=name), "")
            elif path in opened.scripts:
                self.reply("text/javascript", opened.scripts[path], "")
            else:
                self.send_error(404)

        def reply(self, media_type: str, text: str, policy: str) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("content-type", f"{media_type}; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            if policy:
                self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_given: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", site_port), Handler)
    opened = Shop(folder, more, service_port, server, {"/": Written()})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        opened.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def guest(browser: Browser, opened: Shop, **options: Any) -> AsyncIterator[Guest]:
    """Somebody who was never here; keywords as `new_context` has them."""
    context = await browser.new_context(**options)
    try:
        yield arrived(context, opened)
    finally:
        await context.close()


def arrived(context: BrowserContext, opened: Shop) -> Guest:
    """The visitor whose cookies these are."""
    context.set_default_timeout(DEADLINE_MS)
    person = Guest(context, opened)
    context.on("request", person.note)
    context.on("weberror", lambda error: person.complaints.append(str(error.error)))
    return person
