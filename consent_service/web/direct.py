"""Direct: the visitor's writes, taken past the router and the middleware of everything else.

The same handlers, reached by one look-up of the whole path: under load the layers in between cost more than the
choice itself. Whatever is not a `POST` to a site that there is goes on to the routes and gets their answer.
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
from consent_service.web import problems
from consent_service.web.visitor import VisitorApi

_log = structlog.get_logger("consent_service")


class _Direct(NamedTuple):
    route: str
    site: str
    handler: Callable[[Request], Awaitable[Response]]


class DirectWrites:
    """Answers `POST /v1/{site}/signals` and `/choices` of every site."""

    def __init__(self, sites: Mapping[str, Site], visitor: VisitorApi) -> None:
        handlers = {"signals": visitor.signals, "choices": visitor.choices}
        self._paths = {
            f"/v1/{site}/{call}": _Direct(f"/v1/{{site}}/{call}", site, handler)
            for site in sites
            for call, handler in handlers.items()
        }

    def answers(self, scope: Scope) -> bool:
        """Whether this is such a call."""
        return scope["method"] == "POST" and scope["path"] in self._paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        direct = self._paths[scope["path"]]
        scope["consent.route"] = direct.route
        scope["path_params"] = {"site": direct.site}
        request = Request(scope, receive)
        try:
            response = await direct.handler(request)
        except ConsentError as error:
            response = await problems.on_consent_error(request, error)
        except HTTPException as error:
            response = await problems.on_http_exception(request, error)
        except ClientDisconnect:
            return  # nobody is there to be told
        except Exception as error:
            _log.exception("defect", route=direct.route)
            response = await problems.on_unexpected(request, error)
        await response(scope, receive, send)
