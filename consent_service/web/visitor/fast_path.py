"""Direct: the visitor's writes, taken past the router and the middleware of everything else.

The same handlers, reached by one look-up of the whole path: under load the layers in between cost more than the
choice itself. So what those add, one step adds here: the word on origins, and the line in the log. Whatever is not
a `POST` to a site that there is goes on to the routes and gets their answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from consent_service.errors import ConsentError
from consent_service.services.sites import Site
from consent_service.web.http import problems, request_headers
from consent_service.web.http.access_control import allowed_origin, for_origin
from consent_service.web.http.access_log import AccessLog
from consent_service.web.visitor.api import VisitorApi

_log = structlog.get_logger("consent_service")


class _Direct(NamedTuple):
    route: str
    site: Site
    handler: Callable[[Request], Awaitable[Response]]


class FastPath:
    """Answers `POST /v1/{site}/signals` and `/choices` of every site."""

    def __init__(
        self,
        sites: Mapping[str, Site],
        visitor: VisitorApi,
        access: AccessLog,
        refused: problems.ConsentErrors,
    ) -> None:
        self._access = access
        self._refused = refused
        handlers = {"signals": visitor.signals, "choices": visitor.choices}
        self._paths = {
            f"/v1/{key}/{call}": _Direct(f"/v1/{{site}}/{call}", site, handler)
            for key, site in sites.items()
            for call, handler in handlers.items()
        }

    def answers(self, scope: Scope) -> bool:
        """Return True for such a call. One with a head too large, or without a host, is left to what refuses it."""
        direct = scope["method"] == "POST" and scope["path"] in self._paths and request_headers.fits(scope)
        return direct and request_headers.names_host(request_headers.seen(scope).host, scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        direct = self._paths[scope["path"]]
        scope["path_params"] = {"site": direct.site.key}
        began, status = self._access.timer(), 500
        try:
            response = await self._answer(direct, Request(scope, receive))
            response.raw_headers.extend(for_origin(allowed_origin(scope, direct.site)))
            status = response.status_code
            await response(scope, receive, send)
        except ClientDisconnect:
            pass  # the caller went away while the answer was sent
        finally:
            self._access.note(scope, direct.route, status, began)

    async def _answer(self, direct: _Direct, request: Request) -> Response:
        """The handler's answer, or that of its error.

        A body that is cut off gets an answer too: where its chunks are malformed the caller is still there, and a
        call without an answer would be a 500 of the server's own.
        """
        try:
            return await direct.handler(request)
        except ConsentError as error:
            return await self._refused(request, error)
        except HTTPException as error:
            return await problems.on_http_exception(request, error)
        except ClientDisconnect as error:
            return await problems.on_disconnect(request, error)
        except Exception as error:
            _log.exception("defect", route=direct.route)
            return await problems.on_unexpected(request, error)
