"""Composition root: builds every part from the configuration and connects them. It decides nothing itself."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect

from consent_service import resources
from consent_service.config import Config, config_digest
from consent_service.config.first_party import origin_of, ways_of
from consent_service.embed.site_script import script_of
from consent_service.errors import ConsentError
from consent_service.identity.key_ring import KeyRing
from consent_service.identity.nonces import Nonces
from consent_service.identity.page_result_tokens import PageResultTokens
from consent_service.identity.signatures import StatementSigner
from consent_service.identity.visit_tokens import VisitTokens
from consent_service.identity.visitor_tokens import VisitorTokens
from consent_service.ledger.archive import open_archive
from consent_service.services.configured_store import open_configured
from consent_service.services.key_rings import take_up
from consent_service.services.rate_limits import RateLimits
from consent_service.services.receipts import Receipts
from consent_service.services.records.drafts import RandomIds
from consent_service.services.records.standings import Record, RecordDecoder, Standings
from consent_service.services.records.writer import StandingWriter
from consent_service.services.sites import Site, site_of
from consent_service.services.visitor.browser_records import BrowserRecords
from consent_service.services.visitor.confirmations import Confirmations
from consent_service.services.visitor.consent import Consent
from consent_service.services.visitor.page_results import PageResults
from consent_service.services.visitor.second_step import SecondStep
from consent_service.store.cache import CoherentCache
from consent_service.store.contract import Store
from consent_service.web.fast_path import FastPathApp, FastWrites
from consent_service.web.flag import FlagEndpoint
from consent_service.web.gpc_files import GpcFiles
from consent_service.web.health import HealthEndpoints, Readiness
from consent_service.web.http import problems
from consent_service.web.http.access_control import AccessControl
from consent_service.web.http.access_log import AccessLines, AccessLog, AccessLogMiddleware, to_standard_error
from consent_service.web.http.client import ClientAddresses, Devices, locations_of
from consent_service.web.http.guards import HeadLimit, HostHeader, OwnHost
from consent_service.web.http.outage_log import OutageLog
from consent_service.web.metrics import Metrics, flush_for_ever, worker_gauges
from consent_service.web.openapi import describe
from consent_service.web.pages.choices_page import ChoicesPage
from consent_service.web.pages.confirm import ConfirmPages
from consent_service.web.pages.templates import Templates
from consent_service.web.routes import Endpoints, routes
from consent_service.web.script_files import ScriptFiles
from consent_service.web.visitor.api import VisitorApi
from consent_service.web.visitor.receipt_endpoints import ReceiptEndpoints
from consent_service.web.visitor.site_cookie import CookieRenewal

Clock = Callable[[], float]


class Parts(NamedTuple):
    """Parts that the endpoints share, and that the lifespan starts and stops."""

    sites: Mapping[str, Site]
    ring: KeyRing
    store: Store
    cache: CoherentCache[Record]
    standings: Standings
    writer: StandingWriter
    consent: Consent
    devices: Devices
    limits: RateLimits
    outages: OutageLog
    metrics: Metrics
    lines: AccessLines

    def flush(self) -> None:
        """Hand over counts and log lines."""
        self.metrics.flush()
        self.lines.flush()


class ConsentApp(FastPathApp):
    """The service as an ASGI application, with the parts that it was composed of."""

    parts: Parts


def create_app(
    config: Config,
    *,
    run_dir: Path | None = None,
    clock: Clock = time.time,
    log: Callable[[bytes], None] = to_standard_error,
) -> ConsentApp:
    """Return the application for this configuration, with its store opened.

    `run_dir`: folder where the supervisor reports that the service drains. `log` takes access lines. Raises
    ConfigError without keys, and StoreError if the store can't be opened.
    """
    parts = _parts(config, config.require_ring(), clock, AccessLines(clock, log))
    endpoints = _endpoints(config, parts, run_dir, clock)
    access_log = AccessLog(parts.lines, parts.metrics, time.perf_counter)
    on_error = problems.ConsentErrors(parts.outages)
    app = ConsentApp(
        routes=routes(endpoints, parts.sites),
        middleware=[
            Middleware(AccessLogMiddleware, access_log=access_log),
            Middleware(HeadLimit),
            Middleware(HostHeader),
            Middleware(OwnHost, public_url=config.service.public_url),
        ],
        exception_handlers={
            ConsentError: on_error,
            HTTPException: problems.on_http_exception,
            ClientDisconnect: problems.on_disconnect,
            Exception: problems.on_unexpected,
        },
        lifespan=lambda _app: _running(parts, endpoints.scripts, clock),
    )
    app.router.redirect_slashes = False  # a redirect would repeat whatever the caller sent as `Host`
    app.parts = parts
    app.flag = endpoints.flag
    app.writes = FastWrites(parts.sites, endpoints.visitor, access_log, on_error)
    return app


def _parts(config: Config, ring: KeyRing, clock: Clock, lines: AccessLines) -> Parts:
    """Open the store and return the use cases over it."""
    store = open_configured(config.service, clock)
    # A lambda, because `metrics` is made below: its gauges read the cache, and the cache notes outages.
    records, outages = RecordDecoder(), OutageLog(lambda kind: metrics.met(kind), time.monotonic)
    entries = config.flag.cache_entries if config.flag.cache else 0
    cache = CoherentCache(store, records.decode, entries=entries, note=outages.log)
    tokens = VisitorTokens(ring)
    standings = Standings(ring, tokens, cache, store)
    ids = RandomIds()
    writer = StandingWriter(store, standings, ids)
    confirmations = Confirmations(Nonces(ring))
    consent = Consent(ring, tokens, confirmations, standings, writer, ids, clock, outages.note)
    devices = Devices()
    limits = RateLimits(
        config.limits.writes_per_minute,
        config.limits.burst,
        config.limits.tracked,
        key=secrets.token_bytes(32),
        clock=time.monotonic,
    )
    sites = {key: site_of(key, facts, config) for key, facts in config.sites.items()}
    gauges = worker_gauges(cache, records, standings, writer, devices, limits, sites)
    metrics = Metrics(CollectorRegistry(), gauges)
    return Parts(
        sites, ring, store, cache, standings, writer, consent, devices, limits, outages, metrics, lines
    )


def _endpoints(config: Config, parts: Parts, run_dir: Path | None, clock: Clock) -> Endpoints:
    """Return the endpoints of the routes."""
    public_url = config.service.public_url.rstrip("/")
    own_origin = origin_of(urlsplit(public_url))
    addresses = ClientAddresses(config.service.trusted_proxies)
    locations = locations_of(config.geo, addresses)
    access = AccessControl(parts.sites, own_origin, addresses, locations, parts.devices, parts.limits, clock)
    scripts = {key: script_of(config, key, int(clock())) for key in config.sites}
    page_results = PageResults(PageResultTokens(parts.ring), parts.standings, parts.consent)
    renewals = {key: CookieRenewal(key, way) for key, way in ways_of(config.sites, public_url).items()}
    readiness = Readiness(parts.store, parts.sites, parts.outages)
    confirm, choices = _pages(parts, access, page_results, public_url, clock)
    return Endpoints(
        flag=FlagEndpoint(
            parts.sites,
            own_origin,
            parts.standings,
            parts.consent,
            parts.devices,
            parts.metrics,
            locations,
            parts.outages,
            clock,
            time.perf_counter,
        ),
        visitor=VisitorApi(access, parts.consent, page_results, renewals, public_url),
        confirm=confirm,
        choices=choices,
        scripts=ScriptFiles(parts.sites, scripts, parts.store, resources.widget_folder()),
        gpc=GpcFiles(config.sites),
        health=HealthEndpoints(readiness, config_digest(config), run_dir, describe(public_url)),
        receipts=_receipts(config, parts, access),
    )


def _pages(
    parts: Parts, access: AccessControl, page_results: PageResults, public_url: str, clock: Clock
) -> tuple[ConfirmPages, ChoicesPage]:
    """Return the pages on which visitors decide."""
    templates = Templates(resources.templates_folder())
    confirmations = Confirmations(Nonces(parts.ring))
    records = BrowserRecords(parts.consent, parts.standings, confirmations)
    second_step = SecondStep(confirmations, parts.standings, parts.consent)
    visits, outages = VisitTokens(parts.ring), parts.outages
    return (
        ConfirmPages(access, second_step, templates, parts.ring, public_url, clock),
        ChoicesPage(access, records, page_results, templates, visits, public_url, outages, clock),
    )


def _receipts(config: Config, parts: Parts, access: AccessControl) -> ReceiptEndpoints:
    archive = open_archive(config.ledger.archive) if config.ledger.archive else None
    signer = StatementSigner(parts.ring)
    return ReceiptEndpoints(access, Receipts(parts.store, archive, signer), signer.public_keys())


@asynccontextmanager
async def _running(parts: Parts, scripts: ScriptFiles, clock: Clock) -> AsyncIterator[None]:
    """Start the background work; at the end finish it and close the store.

    Raises KeyRingForeign if the store was written under another key ring.
    """
    await take_up(parts.store, parts.ring, int(clock()))
    await parts.cache.start()
    await scripts.keep(int(clock()))
    flushing = asyncio.create_task(flush_for_ever(parts.flush))
    try:
        yield
    finally:
        flushing.cancel()
        # Signals still to record become changes, changes end before the cache and the store that they use.
        await parts.consent.settled()
        await parts.writer.settled()
        await parts.cache.close()
        parts.flush()
        await parts.store.close()
