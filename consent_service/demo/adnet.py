"""adnet: a make-believe ad partner on a site of its own.

It does what such partners do, to show when it may not: a tag sets a cookie on adnet's own site and reports a
page view, and a pixel stands in a frame. The requests to it stand in a short log in memory.
"""

from __future__ import annotations

import secrets
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

COOKIE: Final = "adnet_id"
REMEMBERED: Final = 500
_NEVER_KEPT: Final = {"cache-control": "no-store"}  # every page view shows whether adnet is asked


class Adnet:
    """The partner's site and its log."""

    def __init__(self, files: Path) -> None:
        self._files = files
        self._log: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self._asked = 0

    def make_app(self) -> Starlette:
        """Return the application of the partner's site."""
        return Starlette(
            routes=[
                Route("/", self.serve_home),
                Route("/log", self.serve_log),
                Route("/tag.js", self.serve_tag),
                Route("/hit", self.serve_hit),
                Route("/pixel", self.serve_pixel),
                Route("/hostile.js", self.serve_hostile),
            ]
        )

    async def serve_home(self, request: Request) -> Response:
        """Redirect `GET /` to the log."""
        return RedirectResponse("/log")

    async def serve_log(self, request: Request) -> Response:
        """Answer `GET /log` with the requests to adnet, oldest first."""
        return JSONResponse(list(self._log), headers=_NEVER_KEPT)

    async def serve_tag(self, request: Request) -> Response:
        """Answer `GET /tag.js` with the tag and adnet's cookie."""
        self._log_request(request)
        return self._with_cookie(request, self._file_response("tag.js", "text/javascript"))

    async def serve_hit(self, request: Request) -> Response:
        """Answer `GET /hit`, the tag's report of a page view: did the browser keep the cookie?"""
        self._log_request(request)
        headers = {
            "access-control-allow-origin": request.headers.get("origin", "*"),
            "access-control-allow-credentials": "true",
            "vary": "Origin",
        }
        return JSONResponse({"recognised": COOKIE in request.cookies}, headers=_NEVER_KEPT | headers)

    async def serve_pixel(self, request: Request) -> Response:
        """Answer `GET /pixel` with a page to be framed."""
        self._log_request(request)
        return self._with_cookie(request, self._file_response("pixel.html", "text/html"))

    async def serve_hostile(self, request: Request) -> Response:
        """Answer `GET /hostile.js` with a script that tries to opt the visitor in. The shop loads it only on
        request.
        """
        return self._file_response("hostile.js", "text/javascript")

    def _log_request(self, request: Request) -> None:
        self._asked += 1
        self._log.append(
            {
                "number": self._asked,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "asked": request.url.path,
                "from": request.headers.get("referer", ""),
                "recognised": COOKIE in request.cookies,
            }
        )

    def _file_response(self, name: str, media_type: str) -> Response:
        return FileResponse(self._files / name, headers=_NEVER_KEPT, media_type=media_type)

    def _with_cookie(self, request: Request, response: Response) -> Response:
        """Return the response with adnet's cookie. In a frame or tag, browsers take it only with these
        attributes, if at all.
        """
        value = request.cookies.get(COOKIE, secrets.token_hex(8))
        response.set_cookie(COOKIE, value, max_age=86_400, samesite="none", secure=True)
        return response
