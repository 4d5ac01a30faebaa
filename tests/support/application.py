"""The real application over a real store, in the test's own event loop, with a clock that tests set.

The store is a SQLite file unless a test says otherwise.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import httpx2

from consent_service.app import ConsentApp, create_app
from consent_service.config import parse_config
from consent_service.domain.standing import Standing, unpack_record
from consent_service.identity.key_ring import KeyRing, encode_ring, new_ring
from consent_service.identity.visitor_tokens import VisitorTokens
from consent_service.ledger.entries import Entry, decode, standing_of
from consent_service.ledger.rebuild import rebuild_standings
from consent_service.services.erasure.eraser import Eraser
from consent_service.services.records.drafts import RandomIds
from consent_service.services.records.standings import record_key
from consent_service.store.contract import Store
from consent_service.store.engines import open_store
from consent_service.store.names import LEDGER, site_shards
from tests.support.clock import START, Clock
from tests.support.configuration import consent_toml, sqlite_url
from tests.support.records import records_of

SHOP = "https://shop.example"
SERVICE = "https://privacy.example"
RING = new_ring(START - 86_400, bytes(range(32)), bytes(range(32, 64)))

READING = 3
"""Seconds after which a form of the confirm page counts."""
PRESSED = {
    "origin": SERVICE,
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
}
"""Headers of a browser with a form that somebody pressed on a page of the service."""

_SITES = """
gpc_since = 2026-01-01
sensitive = true
{on_site}
[sites.acme.incentives]
club = 0

[sites.abroad]
name = "Acme Abroad"
origins = ["{shop}"]
regime = "elsewhere"

[sites.states]
name = "Acme States"
origins = ["{shop}"]
regime = "us-ca"
regimes = ["us-co", "elsewhere"]

{more}
"""


class Facts(TypedDict, total=False):
    """Facts that a test may set; the rest is as `three_sites` has it.

    `more`: further tables of the configuration. `on_site`: further lines of the site `acme`. `shop`: the origin of
    all sites.
    """

    cache: bool
    writes_per_minute: int
    burst: int
    proxies: Sequence[str]
    more: str
    on_site: str
    shop: str


def three_sites(
    folder: Path,
    *,
    store: str | None = None,
    cache: bool = True,
    writes_per_minute: int = 0,
    burst: int = 60,
    proxies: Sequence[str] = (),
    more: str = "",
    on_site: str = "",
    public_url: str = SERVICE,
    shop: str = SHOP,
) -> str:
    """Return the `consent.toml` of a business with the sites `acme`, `abroad` and `states`. Facts has the rest."""
    tables = f"""\
trusted_proxies = {list(proxies)}
[flag]
cache = {str(cache).lower()}
[limits]
writes_per_minute = {writes_per_minute}
burst = {burst}
"""
    return consent_toml(
        folder,
        store=store,
        name="Acme Shop",
        business="Acme Incorporated",
        public_url=public_url,
        origins=[shop],
        more=tables,
        site=_SITES.format(shop=shop, on_site=on_site, more=more),
    )


def scripted_token(page: httpx2.Response) -> str:
    """Return the token that the confirm page's script puts into its form; "" when the page has none."""
    return page.text.partition('data-token="')[2].partition('"')[0]


@dataclass
class Running:
    """One application, a client that speaks to it, and what lies in its store."""

    app: ConsentApp
    client: httpx2.AsyncClient
    clock: Clock
    store_path: Path
    ring: KeyRing
    log: list[bytes]
    store_url: str

    async def flag(self, site: str = "acme", **parameters: str) -> dict[str, Any]:
        """The flag for whoever these parameters name."""
        response = await self.client.get(f"/v1/{site}/flag", params=parameters)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def choose(self, site: str = "acme", origin: str = SHOP, **body: Any) -> httpx2.Response:
        """POST a choice from one of the site's pages."""
        return await self.client.post(f"/v1/{site}/choices", json=body, headers={"origin": origin})

    async def signal(self, site: str = "acme", gpc: bool | None = None, **body: Any) -> httpx2.Response:
        """POST a page view from one of the site's pages."""
        return await self.client.post(
            f"/v1/{site}/signals", json={"gpc": gpc, **body}, headers={"origin": SHOP}
        )

    async def confirm(self, url: str, **headers: str) -> httpx2.Response:
        """Open the confirm page, read it, and press the button that its script wakes."""
        page = await self.client.get(url, headers=headers)
        self.clock.now += READING
        return await self.press(url, scripted_token(page), **headers)

    async def press(self, url: str, token: str, **headers: str) -> httpx2.Response:
        """Send one of the confirm page's forms, as a browser would."""
        return await self.client.post(url, data={"form_token": token}, headers={**PRESSED, **headers})

    def visitor_id(self, token: str, site: str = "acme") -> bytes:
        return VisitorTokens(self.ring).unsign(site, token, int(self.clock())).visitor_id

    async def erase(self, token: str, site: str = "acme") -> bool:
        """Erase this token's visitor from outside, and let the service hear of it; whether there was anything."""
        async with self.opened() as store:
            eraser = Eraser(store, self.ring, RandomIds(), self.clock)
            done = await eraser.erase_visitor(site, eraser.key_of(site, self.visitor_id(token, site)))
        await self.app.parts.cache.poll_changes()
        return done

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Store]:
        """The service's store, opened once more as another process would."""
        store = open_store(self.store_url, clock=self.clock)
        try:
            yield store
        finally:
            await store.close()

    async def check_rebuilt(self, site: str = "acme") -> dict[str, Standing]:
        """Every standing by number, after comparing the records with what the ledger amounts to (design rule 6)."""
        found = rebuild_standings(await self._payloads(site))
        async with self.opened() as store:
            records = await records_of(store, site)
        assert {record.subject.hex(): record.standing for record in records.values()} == found
        return found

    async def entries(self, site: str = "acme") -> list[Entry]:
        """Everything in the site's ledger, read through a store of its own."""
        return [decode(payload) for payload in await self._payloads(site)]

    async def check_fold(self, token: str, site: str = "acme") -> Standing:
        """The stored standing, after comparing it with the fold of the visitor's entries (design rule 6)."""
        visitor = self.visitor_id(token, site)
        async with self.opened() as store:
            (document,) = await store.get([record_key(self.ring, site, visitor, store.shards)])
        assert document is not None
        record = unpack_record(document.value)
        payloads = await self._payloads(site)
        mine = [payload for payload in payloads if decode(payload).subject == record.subject.hex()]
        assert record.standing == standing_of(mine)
        return record.standing

    async def _payloads(self, site: str) -> list[bytes]:
        async with self.opened() as store:
            page = await store.read(LEDGER, site_shards(site, store.shards), "", 10_000)
        return [entry.payload for entry in page.entries]


@asynccontextmanager
async def running(
    folder: Path,
    *,
    ring: KeyRing = RING,
    store: str | None = None,
    public_url: str = SERVICE,
    clock: Clock | None = None,
    **facts: Unpack[Facts],
) -> AsyncIterator[Running]:
    """Yield the application with its lifespan, and a client for it.

    `store`: the URL of another store than a file in the folder.
    """
    store_url = store or sqlite_url(folder)
    text = three_sites(folder, store=store, public_url=public_url, **facts)
    clock = clock or Clock()
    log: list[bytes] = []
    config = parse_config(text, {"CONSENT_KEYS": encode_ring(ring)})
    app = create_app(config, run_dir=folder, clock=clock, log=log.append)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=public_url) as client:
            yield Running(app, client, clock, folder / "consent.db", ring, log, store_url)
