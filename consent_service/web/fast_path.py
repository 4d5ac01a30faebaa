"""Fast path: flags and the visitor's writes, taken past the router and the middleware of all other calls.

One look-up of the whole path leads to the same handlers as the routes: under load the layers in between cost more
than the choice itself. So the fast path adds what those layers add: the CORS headers and the log line. Every other
call, and every call that a guard may refuse, goes on to the routes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from consent_service.errors import ConsentError
from consent_service.services.sites import Site
from consent_service.web.flag import FlagEndpoint
from consent_service.web.http import problems, request_headers
from consent_service.web.http.access_control import allowed_origin, for_origin
from consent_service.web.http.access_log import AccessLog
from consent_service.web.visitor.api import VisitorApi

_logger = structlog.get_logger("consent_service")


class FastPathApp(Starlette):
    """Application that takes flags and writes past its own router. Set `flag` and `writes` before the first call."""

    flag: FlagEndpoint
    writes: FastWrites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["method"] == "GET":
                if scope["path"] in self.flag.paths:
                    return await self.flag(scope, receive, send)
            elif self.writes.takes(scope):
                return await self.writes(scope, receive, send)
        await super().__call__(scope, receive, send)


class _Write(NamedTuple):
    """Write of one site. `route`: its path as a template."""

    route: str
    site: Site
    handler: Callable[[Request], Awaitable[Response]]


class FastWrites:
    """ASGI endpoint of `POST /v1/{site}/signals` and `/choices` for every site."""

    def __init__(
        self,
        sites: Mapping[str, Site],
        visitor: VisitorApi,
        access_log: AccessLog,
        on_error: problems.ConsentErrors,
    ) -> None:
        self._access_log = access_log
        self._on_error = on_error
        handlers = {"signals": visitor.signals, "choices": visitor.choices}
        self._paths = {
            f"/v1/{key}/{call}": _Write(f"/v1/{{site}}/{call}", site, handler)
            for key, site in sites.items()
            for call, handler in handlers.items()
        }

    def takes(self, scope: Scope) -> bool:
        """Return True for such a call, unless its head is over the limit or names no host: the guards refuse it."""
        fitting = scope["method"] == "POST" and scope["path"] in self._paths and request_headers.fits(scope)
        return fitting and request_headers.names_host(request_headers.seen(scope).host, scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        write = self._paths[scope["path"]]
        # as the router would: the handlers read the site from here
        scope["path_params"] = {"site": write.site.key}
        began, status = self._access_log.timer(), 500  # for the log, if no answer comes about
        try:
            response = await self._answer(write, Request(scope, receive))
            response.raw_headers.extend(for_origin(allowed_origin(scope, write.site)))
            status = response.status_code
            await response(scope, receive, send)
        except ClientDisconnect:
            pass  # the caller went away while the answer was sent
        finally:
            self._access_log.note(write.route, status, began)

    async def _answer(self, write: _Write, request: Request) -> Response:
        """Return the handler's answer, or that of its error.

        A body that is cut off gets an answer too: if its chunks are malformed the caller is still there, and without
        an answer the server would send a 500 of its own.
        """
        try:
            return await write.handler(request)
        except ConsentError as error:
            return await self._on_error(request, error)
        except HTTPException as error:
            return await problems.on_http_exception(request, error)
        except ClientDisconnect as error:
            return await problems.on_disconnect(request, error)
        except Exception as error:
            _logger.exception("defect", route=write.route)
            return await problems.on_unexpected(request, error)
