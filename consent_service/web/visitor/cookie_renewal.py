"""Renewing: in first-party mode an answer carries the site's cookie, so that browsers which soon forget what
scripts have set keep it for its whole time.

Only to the site's own pages, over the site's own way. Knows requests; what may be written `site_cookie` decides.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from consent_service.config.first_party import FirstParty
from consent_service.domain.facts import ChoiceMade
from consent_service.domain.flags import Flag
from consent_service.public_contract import cookie_name
from consent_service.services.sites import Site
from consent_service.web.http import request_headers
from consent_service.web.http.request_headers import host_names
from consent_service.web.visitor import site_cookie


class CookieRenewal:
    """Makes the `Set-Cookie` of an answer. `ways`: of the sites that have one."""

    def __init__(self, ways: Mapping[str, FirstParty]) -> None:
        self._ways = ways

    def after(
        self,
        request: Request,
        site: Site,
        origin: str,
        flag: Flag,
        token: str | None,
        now: int,
        choice: ChoiceMade | None = None,
    ) -> request_headers.Raw:
        """The header that renews the cookie after this answer, or none. `choice`: what the call asked for."""
        way = self._ways.get(site.key)
        if way is None or origin not in site.origins or not _reaches(way, request):
            return []
        kept = site_cookie.answered(flag, token, now)
        brought = request_headers.cookie_texts(request_headers.seen(request.scope).cookie, site.key)
        own = [text for prefix, text in brought if prefix or not way.host_only_cookie]
        if not site_cookie.renewed(own, kept, choice):
            return []
        identified = any(before.identified for before in map(site_cookie.parse, own) if before)
        name = cookie_name(site.key, host_only=way.host_only_cookie)
        cookie = site_cookie.set_cookie(name, way, kept._replace(identified=identified))
        return [(b"set-cookie", cookie)]


def _reaches(way: FirstParty, request: Request) -> bool:
    """Return True if the site's pages would read this cookie. A browser itself refuses a wrong domain."""
    return way.cookie_domain is not None or way.host in host_names(request.scope)
