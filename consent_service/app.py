"""The composition root: builds everything from the configuration and passes it on.

The store opens here; the lifespan starts what runs beside the requests and closes it again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from consent_service import resources
from consent_service.config import Config, Geo, SiteFacts, digest
from consent_service.config.first_party import origin_of, ways_of
from consent_service.embed.site_script import script_of
from consent_service.errors import ConsentError
from consent_service.identity.keys import KeyRing
from consent_service.identity.nonces import Nonces
from consent_service.identity.results import Results
from consent_service.identity.signatures import Signer
from consent_service.identity.visitor_tokens import VisitorTokens
from consent_service.identity.visits import Visits
from consent_service.ledger.archive import open_archive
from consent_service.services.configured_store import open_configured
from consent_service.services.geo import open_database
from consent_service.services.key_rings import take_up
from consent_service.services.rate_limits import Limits
from consent_service.services.receipts import Receipts
from consent_service.services.records.random_ids import RandomIds
from consent_service.services.records.standings import Record, Records, Standings
from consent_service.services.records.writer import StandingWriter
from consent_service.services.sites import Site, site_of
from consent_service.services.visitor.browser_records import Everybody
from consent_service.services.visitor.confirmations import Confirmations
from consent_service.services.visitor.consent import Consent
from consent_service.services.visitor.devices import Devices
from consent_service.services.visitor.page_results import Returning
from consent_service.store.cache import CoherentCache
from consent_service.store.contract import Store
from consent_service.store.keys import site_shards
from consent_service.web.flag import FlagEndpoint
from consent_service.web.gpc_files import GpcFiles
from consent_service.web.health import Operations
from consent_service.web.http import problems
from consent_service.web.http.access_log import Access, AccessLines, AccessLog, to_standard_error
from consent_service.web.http.calls import Calls
from consent_service.web.http.client_address import Clients
from consent_service.web.http.head_limit import Bounded
from consent_service.web.http.host_header import Named
from consent_service.web.http.location import PROXIES, HeaderNames, Places
from consent_service.web.http.outage_log import Troubles
from consent_service.web.http.own_host import OwnHost
from consent_service.web.metrics import Metrics
from consent_service.web.openapi import describe
from consent_service.web.pages.choices_page import ChoicesPage
from consent_service.web.pages.confirm import ConfirmPages
from consent_service.web.pages.templates import Pages
from consent_service.web.readiness import Readiness
from consent_service.web.routes import Rooms, routes
from consent_service.web.script_files import ScriptFiles
from consent_service.web.visitor.api import VisitorApi
from consent_service.web.visitor.cookie_renewal import Renewal
from consent_service.web.visitor.fast_path import DirectWrites
from consent_service.web.visitor.receipts import ReceiptPages

_FLUSH_SECONDS: Final = 1.0

Clock = Callable[[], float]


class Parts(NamedTuple):
    """Parts that the rooms share, and that the lifespan starts and stops."""

    sites: Mapping[str, Site]
    ring: KeyRing
    store: Store
    cache: CoherentCache[Record]
    standings: Standings
    writer: StandingWriter
    consent: Consent
    devices: Devices
    limits: Limits
    troubles: Troubles
    metrics: Metrics
    lines: AccessLines


class ConsentApp(Starlette):
    """The service as an ASGI application: flags go to the hot path and writes past the router."""

    flag: FlagEndpoint
    writes: DirectWrites
    parts: Parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if self.flag.answers(scope):
                return await self.flag(scope, receive, send)
            if self.writes.answers(scope):
                return await self.writes(scope, receive, send)
        await super().__call__(scope, receive, send)


def create_app(
    config: Config,
    *,
    run_dir: Path | None = None,
    clock: Clock = time.time,
    log: Callable[[bytes], None] = to_standard_error,
) -> ConsentApp:
    """The application for this configuration.

    `run_dir`: where the supervisor leaves word that the service drains. `log` takes access lines. Raises
    ConfigError without keys, and StoreError when the store can't be opened.
    """
    parts = _parts(config, config.require_ring(), clock, AccessLines(clock, log))
    rooms = _rooms(config, parts, run_dir, clock)
    access = Access(parts.lines, parts.metrics, time.perf_counter)
    refused = problems.ConsentErrors(parts.troubles)
    app = ConsentApp(
        routes=routes(rooms, parts.sites),
        middleware=[
            Middleware(AccessLog, access=access),
            Middleware(Bounded),
            Middleware(Named),
            Middleware(OwnHost, public_url=config.service.public_url),
        ],
        exception_handlers={
            ConsentError: refused,
            HTTPException: problems.on_http_exception,
            ClientDisconnect: problems.on_disconnect,
            Exception: problems.on_unexpected,
        },
        lifespan=lambda _app: _running(parts, rooms.scripts, clock),
    )
    app.router.redirect_slashes = False  # a redirect would repeat whatever `Host` said
    app.parts = parts
    app.flag = rooms.flag
    app.writes = DirectWrites(parts.sites, rooms.visitor, access, refused)
    return app


def _parts(config: Config, ring: KeyRing, clock: Clock, lines: AccessLines) -> Parts:
    """The use cases over the opened store."""
    store = open_configured(config.service, clock)
    records, troubles = Records(), Troubles(lambda kind: metrics.met(kind), time.monotonic)
    entries = config.flag.cache_entries if config.flag.cache else 0
    cache = CoherentCache(store, records.decode, entries=entries, note=troubles.log)
    tokens = VisitorTokens(ring)
    standings = Standings(ring, tokens, cache, store)
    ids = RandomIds()
    writer = StandingWriter(store, standings, ids)
    confirmations = Confirmations(Nonces(ring))
    consent = Consent(ring, tokens, confirmations, standings, writer, ids, clock, troubles.note)
    devices = Devices()
    limits = Limits(
        config.limits.writes_per_minute,
        config.limits.burst,
        config.limits.tracked,
        key=secrets.token_bytes(32),
        clock=time.monotonic,
    )
    sites = {key: site_of(key, facts, config) for key, facts in config.sites.items()}
    gauges: dict[str, Callable[[], float]] = {
        "cached_standings": lambda: cache.size,
        "cache_vouched": lambda: cache.vouched,
        "decoded_records": lambda: records.remembered,
        "remembered_tokens": lambda: standings.remembered_tokens,
        "waiting_changes": lambda: writer.waiting,
        "memoised_user_agents": lambda: devices.memoised,
        "limited_addresses": lambda: limits.tracked,
        "remembered_strings": lambda: sum(site.spoken.remembered for site in sites.values()),
    }
    metrics = Metrics(CollectorRegistry(), gauges)
    return Parts(
        sites, ring, store, cache, standings, writer, consent, devices, limits, troubles, metrics, lines
    )


def _rooms(config: Config, parts: Parts, run_dir: Path | None, clock: Clock) -> Rooms:
    """Return the endpoints of the routes."""
    public_url = config.service.public_url.rstrip("/")
    own_origin = origin_of(urlsplit(public_url))
    clients = Clients(config.service.trusted_proxies)
    places = places_of(config.geo, clients)
    calls = Calls(parts.sites, own_origin, clients, places, parts.devices, parts.limits, clock)
    scripts = {key: script_of(config, key, int(clock())) for key in config.sites}
    pages = Pages(resources.templates_folder())
    everybody = Everybody(parts.consent, parts.standings, Confirmations(Nonces(parts.ring)))
    returning = Returning(Results(parts.ring), VisitorTokens(parts.ring), parts.standings, parts.consent)
    return Rooms(
        flag=FlagEndpoint(
            parts.sites,
            own_origin,
            parts.standings,
            parts.consent,
            parts.devices,
            parts.metrics,
            places,
            parts.troubles,
            clock,
            time.perf_counter,
        ),
        visitor=VisitorApi(
            calls, parts.consent, returning, Renewal(ways_of(config.sites, public_url)), public_url
        ),
        confirm=ConfirmPages(calls, parts.consent, pages, parts.ring, public_url, clock),
        choices=ChoicesPage(
            calls, everybody, returning, pages, Visits(parts.ring), public_url, parts.troubles, clock
        ),
        scripts=ScriptFiles(parts.sites, scripts, parts.store, resources.widget_folder()),
        gpc=GpcFiles({key: _gpc_since(facts) for key, facts in config.sites.items()}),
        operations=Operations(_readiness(parts), digest(config), run_dir, describe(public_url)),
        receipts=_receipts(config, parts, calls),
    )


def _readiness(parts: Parts) -> Readiness:
    shards = [shard for site in parts.sites for shard in site_shards(site, parts.store.shards)]
    return Readiness(parts.store, shards, parts.troubles)


def _receipts(config: Config, parts: Parts, calls: Calls) -> ReceiptPages:
    kept = open_archive(config.ledger.archive) if config.ledger.archive else None
    signer = Signer(parts.ring)
    return ReceiptPages(calls, Receipts(parts.store, kept, signer), signer.public())


def places_of(geo: Geo, clients: Clients) -> Places:
    """Return the finder of a call's place. Raises CannotStart when the database can't be opened."""
    names = None
    if geo.proxy is not None:
        names = PROXIES[geo.proxy]
    elif geo.country_header:
        names = HeaderNames(geo.country_header.lower(), geo.region_header.lower())
    return Places(clients, names, open_database(Path(geo.database)) if geo.database else None)


def _gpc_since(facts: SiteFacts) -> date:
    return facts.gpc_since or datetime.now(UTC).date()


@asynccontextmanager
async def _running(parts: Parts, scripts: ScriptFiles, clock: Clock) -> AsyncIterator[None]:
    """Start what runs beside the requests; on the way out finish what was begun, and close the store.

    Raises KeyRingForeign where the store was written under another ring.
    """
    await take_up(parts.store, parts.ring, int(clock()))
    await parts.cache.start()
    await scripts.keep(int(clock()))
    flushing = asyncio.create_task(_flush_for_ever(parts))
    try:
        yield
    finally:
        flushing.cancel()
        await parts.consent.settled()
        await parts.writer.settled()
        await parts.cache.close()
        _flush(parts)
        await parts.store.close()


async def _flush_for_ever(parts: Parts) -> None:
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        _flush(parts)


def _flush(parts: Parts) -> None:
    parts.metrics.flush()
    parts.lines.flush()
