"""A site and the service behind one real nginx, first-party either way, and what a page of that site notes."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import BrowserContext, Page, Response

from tests.support.configuration import NO_LIMITS, consent_toml, write_config
from tests.support.nginx import SITE_HOST, Front, nginx, recipe, self_signed, snippet
from tests.support.ports import free_ports
from tests.support.service import serving
from tests.support.waiting import DEADLINE

PATH_SERVICE: Final = "privacy.localhost"
"""The service's own host where the site reaches it through a path: another site, as browsers see it."""

DOMAIN_SERVICE: Final = f"privacy.{SITE_HOST}"
"""The service's own host where it is on the site's own domain."""

_PAGE: Final = """\
<!doctype html><html lang="en"><head><meta charset="utf-8">
{embedded}
<title>Shop</title><link rel="icon" href="data:,"></head>
<body><h1>Shop</h1><script type="text/plain" data-right="sale share">window.sold = true</script></body></html>
"""
_THROUGH: Final = """
location /all/ {{ proxy_pass {upstream}/; proxy_set_header Host $http_host; }}
location /worst/ {{ proxy_pass {upstream}/; proxy_set_header Host {own}; }}
"""
"""Lines of a careless site: all of the service on a path, under the site's name or the service's own."""

NOTES_COOKIES: Final = """(() => {
  const {get, set} = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  window.written = [];
  Object.defineProperty(document, "cookie", {
    get() { return get.call(document); },
    set(text) { window.written.push(text); set.call(document, text); },
  });
})()"""
"""Notes what scripts write as cookies, from the page's first moment on."""


@dataclass(frozen=True)
class Shop:
    """The running site; `url` is its page, `www` the same on its second host, `service` the service's own origin."""

    front: Front
    service_port: int
    service: str
    api: str

    @property
    def url(self) -> str:
        return self.front.site

    @property
    def www(self) -> str:
        return self.front.of(f"www.{SITE_HOST}")

    def server_flag(self, token: str) -> dict[str, Any]:
        """The flag that the service gives to anybody who asks for this visitor."""
        url = f"http://127.0.0.1:{self.service_port}/v1/acme/flag?visitor={token}"
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            said: dict[str, Any] = json.load(answer)
        return said


@contextmanager
def on_a_path(folder: Path, *, secure: bool = False) -> Iterator[Shop]:
    """The site reaches the service through a path of its own."""
    port, service_port = free_ports(2)
    front = self_signed(folder, port) if secure else Front(folder, port)
    way = f'first_party = "{front.site}/privacy"'
    shop = Shop(front, service_port, front.of(PATH_SERVICE), f"{front.site}/privacy")
    with _running(shop, way, [shop.url]) as running:
        yield running


@contextmanager
def on_its_domain(folder: Path) -> Iterator[Shop]:
    """The service is on the site's own domain, and the site on two hosts of it."""
    port, service_port = free_ports(2)
    front = Front(folder, port)
    shop = Shop(front, service_port, front.of(DOMAIN_SERVICE), front.of(DOMAIN_SERVICE))
    with _running(shop, f'cookie_domain = "{SITE_HOST}"', [shop.url, shop.www]) as running:
        yield running


@contextmanager
def _running(shop: Shop, way: str, origins: list[str]) -> Iterator[Shop]:
    folder, upstream = shop.front.folder, f"http://127.0.0.1:{shop.service_port}"
    facts = consent_toml(
        folder,
        shop.service_port,
        name="Acme Shop",
        public_url=shop.service,
        origins=origins,
        more=f'trusted_proxies = ["127.0.0.1"]\n{NO_LIMITS}',
        site=way,
    )
    write_config(folder, facts)
    (folder / "site").mkdir()
    embedded = snippet(folder).split("\n\n")[1]
    (folder / "site" / "index.html").write_text(_PAGE.format(embedded=embedded))
    through = _THROUGH.format(upstream=upstream, own=shop.service.partition("//")[2])
    with serving(folder, facts, shop.service_port), nginx(shop.front, recipe(shop.front, upstream), through):
        yield shop


async def opened(context: BrowserContext, url: str) -> tuple[Page, Response]:
    """The site's page in a new tab once the service has answered, and that answer."""
    page = await context.new_page()
    async with page.expect_response("**/v1/acme/signals") as answer:
        await page.goto(url, wait_until="domcontentloaded")
    await page.evaluate("() => window.privacyChoices.ready.then(() => true)")
    return page, await answer.value


async def set_by(answer: Response) -> str:
    """The cookie that this answer sets, as it stands in the header."""
    headers = await answer.headers_array()
    [cookie] = [header["value"] for header in headers if header["name"].lower() == "set-cookie"]
    return cookie


async def days_left(context: BrowserContext) -> float:
    """For how long the browser will keep the site's cookie."""
    [cookie] = [one for one in await context.cookies() if one["name"] == "pc_acme"]
    return (cookie["expires"] - time.time()) / 86_400
