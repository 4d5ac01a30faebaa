"""Routes: every URL of the service on one page. Flags and writes are taken before them, see `fast_path.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from consent_service.services.sites import Site
from consent_service.web.flag import FlagEndpoint
from consent_service.web.gpc_files import GpcFiles
from consent_service.web.health import HealthEndpoints
from consent_service.web.http.access_control import Cors
from consent_service.web.http.isolation import Isolation
from consent_service.web.pages.choices_page import ChoicesPage
from consent_service.web.pages.confirm import ConfirmPages
from consent_service.web.script_files import TYPES, ScriptFiles
from consent_service.web.visitor.api import VisitorApi
from consent_service.web.visitor.receipt_endpoints import ReceiptEndpoints

Handler = Callable[[Request], Awaitable[Response]]


class Endpoints(NamedTuple):
    """Endpoints of the routes."""

    flag: FlagEndpoint
    visitor: VisitorApi
    confirm: ConfirmPages
    choices: ChoicesPage
    scripts: ScriptFiles
    gpc: GpcFiles
    health: HealthEndpoints
    receipts: ReceiptEndpoints


def routes(endpoints: Endpoints, sites: Mapping[str, Site]) -> list[BaseRoute]:
    """Return every route. Calls of pages on the sites' origins answer across origins."""
    cors, alone = [Middleware(Cors, sites=sites)], [Middleware(Isolation)]
    return [
        Route(
            "/v1/{site}/flag",
            endpoints.flag,
            methods=["GET", "OPTIONS"],
            name="GET /v1/{site}/flag",
            middleware=cors,
        ),
        _route("POST", "/v1/{site}/choices", endpoints.visitor.choices, cors),
        _route("POST", "/v1/{site}/signals", endpoints.visitor.signals, cors),
        _route("GET", "/v1/{site}/receipts/{id}", endpoints.receipts.show, cors),
        _route("GET", "/s/{site}/confirm/{nonce}", endpoints.confirm.show, alone),
        _route("POST", "/s/{site}/confirm/{nonce}", endpoints.confirm.confirm, alone),
        _route("GET", "/s/{site}/privacy-choices", endpoints.choices.show),
        _route("POST", "/s/{site}/privacy-choices", endpoints.choices.choose),
        _route("POST", "/s/{site}/privacy-choices/open", endpoints.choices.open),
        _route("GET", "/s/{site}/privacy-choices/back", endpoints.choices.back),
        _route("GET", "/s/{site}/gpc.json", endpoints.gpc.serve),
        _route("GET", "/w/{name}.js", endpoints.scripts.serve),
        _route("GET", f"/w/{TYPES}", endpoints.scripts.types),
        _route("GET", "/.well-known/jwks.json", endpoints.receipts.jwks),
        _route("GET", "/healthz", endpoints.health.healthz),
        _route("GET", "/readyz", endpoints.health.readyz),
        _route("GET", "/openapi.json", endpoints.health.openapi),
    ]


def _route(method: str, path: str, handler: Handler, around: Sequence[Middleware] = ()) -> Route:
    """Return a route that leaves its template in the scope, for the log and the metrics."""

    async def handle_named(request: Request) -> Response:
        request.scope["consent.route"] = path
        return await handler(request)

    methods = [method, "OPTIONS"] if path.startswith("/v1/") else [method]  # a preflight comes before a call
    return Route(path, handle_named, methods=methods, name=f"{method} {path}", middleware=around)
