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

from consent_service import resources, texts
from consent_service.config import Config, Geo, SiteFacts, digest
from consent_service.config.first_party import FirstParty, first_party
from consent_service.domain.flags import FlagTerms
from consent_service.errors import ConfigError, ConsentError, Fault
from consent_service.identity.keys import KeyRing
from consent_service.identity.nonces import Nonces
from consent_service.identity.results import Results
from consent_service.identity.signatures import Signer
from consent_service.identity.visitor_tokens import VisitorTokens
from consent_service.identity.visits import Visits
from consent_service.ledger.archive import open_archive
from consent_service.services.confirming import Confirmations
from consent_service.services.consent import Consent
from consent_service.services.devices import Devices
from consent_service.services.everybody import Everybody
from consent_service.services.geo import open_database
from consent_service.services.ids import RandomIds
from consent_service.services.limits import Limits
from consent_service.services.receipts import Receipts
from consent_service.services.returning import Returning
from consent_service.services.sites import Site, string_terms
from consent_service.services.standings import Record, Records, Standings
from consent_service.services.writing import StandingWriter
from consent_service.store.cache import CoherentCache
from consent_service.store.contract import Store
from consent_service.store.url import open_store
from consent_service.web import problems
from consent_service.web.access import Access, AccessLines, AccessLog, to_standard_error
from consent_service.web.bounds import Bounded
from consent_service.web.calls import Calls
from consent_service.web.choices_page import ChoicesPage
from consent_service.web.clients import Clients
from consent_service.web.confirm import ConfirmPages
from consent_service.web.direct import DirectWrites
from consent_service.web.flag import FlagEndpoint
from consent_service.web.metrics import Metrics
from consent_service.web.openapi import describe
from consent_service.web.operations import Operations
from consent_service.web.own_host import OwnHost
from consent_service.web.places import PROXIES, HeaderNames, Places
from consent_service.web.public import blocked_domains, optional_facts, rule_of, spoken_facts
from consent_service.web.receipts import ReceiptPages
from consent_service.web.renewing import Renewal
from consent_service.web.routes import Rooms, routes
from consent_service.web.script import Script, ScriptFiles, build
from consent_service.web.tags import tags_of
from consent_service.web.templates import Pages
from consent_service.web.visitor import VisitorApi
from consent_service.web.wellknown import GpcFiles

_FLUSH_SECONDS: Final = 1.0

Clock = Callable[[], float]


class Parts(NamedTuple):
    """What the rooms share, and what the lifespan starts and stops."""

    sites: Mapping[str, Site]
    ring: KeyRing
    store: Store
    cache: CoherentCache[Record]
    standings: Standings
    writer: StandingWriter
    consent: Consent
    devices: Devices
    limits: Limits
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
    parts = _parts(config, ring_of(config), clock, AccessLines(clock, log))
    rooms = _rooms(config, parts, run_dir, clock)
    access = Access(parts.lines, parts.metrics, time.perf_counter)
    app = ConsentApp(
        routes=routes(rooms, parts.sites),
        middleware=[
            Middleware(AccessLog, access=access),
            Middleware(Bounded),
            Middleware(OwnHost, public_url=config.service.public_url),
        ],
        exception_handlers={
            ConsentError: problems.on_consent_error,
            HTTPException: problems.on_http_exception,
            ClientDisconnect: problems.on_disconnect,
            Exception: problems.on_unexpected,
        },
        lifespan=lambda _app: _running(parts, rooms.scripts, clock),
    )
    app.router.redirect_slashes = False  # a redirect would repeat whatever `Host` said
    app.parts = parts
    app.flag = rooms.flag
    app.writes = DirectWrites(parts.sites, rooms.visitor, access)
    return app


def _parts(config: Config, ring: KeyRing, clock: Clock, lines: AccessLines) -> Parts:
    """The use cases over the opened store."""
    relaxed = config.service.durability == "relaxed"
    store = open_store(config.service.store, relaxed=relaxed, clock=clock)
    records = Records()
    cache = CoherentCache(
        store, records.decode, entries=config.flag.cache_entries if config.flag.cache else 0
    )
    tokens = VisitorTokens(ring)
    standings = Standings(ring, tokens, cache, store)
    ids = RandomIds()
    writer = StandingWriter(store, standings, ids)
    consent = Consent(ring, tokens, Confirmations(Nonces(ring)), standings, writer, ids, clock)
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
    return Parts(sites, ring, store, cache, standings, writer, consent, devices, limits, metrics, lines)


def _rooms(config: Config, parts: Parts, run_dir: Path | None, clock: Clock) -> Rooms:
    """What answers the routes."""
    public_url = config.service.public_url.rstrip("/")
    own_origin = origin_of(public_url)
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
            clock,
            time.perf_counter,
        ),
        visitor=VisitorApi(calls, parts.consent, returning, Renewal(ways_of(config)), public_url),
        confirm=ConfirmPages(calls, parts.consent, pages, parts.ring, public_url, clock),
        choices=ChoicesPage(calls, everybody, returning, pages, Visits(parts.ring), public_url, clock),
        scripts=ScriptFiles(parts.sites, scripts, parts.store, resources.widget_folder()),
        gpc=GpcFiles({key: _gpc_since(facts) for key, facts in config.sites.items()}),
        operations=Operations(parts.store, digest(config), run_dir, describe(public_url)),
        receipts=_receipts(config, parts, calls),
    )


def _receipts(config: Config, parts: Parts, calls: Calls) -> ReceiptPages:
    kept = open_archive(config.ledger.archive) if config.ledger.archive else None
    signer = Signer(parts.ring)
    return ReceiptPages(calls, Receipts(parts.store, kept, signer), signer.public())


def site_of(key: str, facts: SiteFacts, config: Config) -> Site:
    """The site as the use cases see it."""
    terms = FlagTerms(key, string_terms(facts), config.flag.max_age)
    said = {lang: texts.words(lang, facts.texts) for lang in facts.langs}
    return Site(
        key,
        facts.name,
        frozenset(facts.origins),
        facts.regime_codes,
        terms,
        facts.incentives,
        facts.lang,
        said,
        facts.origins[0],
        facts.sensitive,
        placed=config.geo != Geo(),
        shares_cookie=facts.cookie_domain is not None,
    )


def places_of(geo: Geo, clients: Clients) -> Places:
    """How the place of a call is found. Raises CannotStart when the database can't be opened."""
    names = None
    if geo.proxy is not None:
        names = PROXIES[geo.proxy]
    elif geo.country_header:
        names = HeaderNames(geo.country_header.lower(), geo.region_header.lower())
    return Places(clients, names, open_database(Path(geo.database)) if geo.database else None)


def ways_of(config: Config) -> dict[str, FirstParty]:
    """The sites that have a way of their own to the service."""
    found = {key: first_party(facts, config.service.public_url) for key, facts in config.sites.items()}
    return {key: way for key, way in found.items() if way is not None}


def script_of(config: Config, key: str, now: int) -> Script:
    """The site's script and stub, from its public facts alone."""
    facts = config.sites[key]
    site = site_of(key, facts, config)
    rule = rule_of(site, facts, now)
    partners = [partner for partner in config.partners.values() if key in partner.sites]
    way = first_party(facts, config.service.public_url)
    public = {
        "rule": rule,
        "service": config.service.public_url.rstrip("/"),
        "cookie_domain": facts.cookie_domain,
        **({"api": way.address, "credentials": "include"} if way else {}),
        "frictionless": facts.frictionless,
        "link": facts.link,
        "lang": facts.lang.lower(),
        "texts": {lang.lower(): texts.of_script(words) for lang, words in site.texts.items()},
        **spoken_facts(site, now),
        **optional_facts(facts, partners),
    }
    in_settings = {
        lang.lower(): texts.of_settings(words, sensitive=facts.sensitive)
        for lang, words in site.texts.items()
    }
    behind = {"guard": blocked_domains(partners), "tags": tags_of(facts.tags)}
    return build(resources.widget_folder(), public, rule, in_settings, behind=behind, debug=facts.debug)


def origin_of(url: str) -> str:
    """Scheme and authority of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def ring_of(config: Config) -> KeyRing:
    """The key ring. Raises ConfigError where none was given."""
    if config.keys is None:
        message = (
            "no key ring; make one with `consent-service keys new FILE` and name it in CONSENT_KEYS_FILE"
        )
        raise ConfigError((Fault("CONSENT_KEYS", 0, message),))
    return config.keys


def _gpc_since(facts: SiteFacts) -> date:
    return facts.gpc_since or datetime.now(UTC).date()


@asynccontextmanager
async def _running(parts: Parts, scripts: ScriptFiles, clock: Clock) -> AsyncIterator[None]:
    """Start what runs beside the requests; on the way out finish what was begun, and close the store."""
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
