"""Page cookies: the two cookies of the choices page on the service's own origin, which no script can read.

`own` holds the visitor token of a visitor whom no site handed over. `visit` ends with the browser's session and holds
the fields that the site handed over. Browsers send neither with requests of other sites.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consent_service.web.http.request_headers import cookie_values, seen

KEPT_SECONDS: Final = 400 * 86_400
_LONGEST: Final = 4096


class PageCookies:
    """Reader and writer of both. `secure`: browsers reach the service over https."""

    def __init__(self, secure: bool) -> None:
        self._secure = secure
        # With this prefix browsers take the cookie from this very host alone (RFC 6265bis section 4.1.3.2).
        self._prefix = "__Host-" if secure else ""

    def own(self, request: Request, site: str) -> str | None:
        """Return the page's own visitor token, or None."""
        return self._read(request, f"pc_own_{site}")

    def visit(self, request: Request, site: str) -> str | None:
        """Return the signed visit, or None."""
        return self._read(request, f"pc_visit_{site}")

    def keep_own(self, response: Response, site: str, token: str) -> None:
        """Set the cookie with the page's own visitor token, for 400 days."""
        self._set(response, f"pc_own_{site}", token, KEPT_SECONDS)

    def keep_visit(self, response: Response, site: str, visit: str) -> None:
        """Set the cookie with the signed visit, for the browser's session."""
        self._set(response, f"pc_visit_{site}", visit, None)

    def _read(self, request: Request, name: str) -> str | None:
        values = cookie_values(seen(request.scope).cookie, self._prefix + name)
        return values[-1][:_LONGEST] if values else None

    def _set(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        response.set_cookie(
            self._prefix + name, value, max_age, path="/", secure=self._secure, httponly=True, samesite="lax"
        )
