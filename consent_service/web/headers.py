"""Headers: what one request's raw headers say, read in one pass.

Shared by the flag's hot path and the other visitor calls, so that the signal, the origin and the cookie are
read in one way only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

from starlette.types import Scope

from consent_service.domain.signals import gpc_in_headers


class Seen(NamedTuple):
    """What matters of a request's headers. `origin` is None when there was none."""

    gpc: bool
    origin: str | None
    cookie: bytes
    user_agent: str | None
    if_none_match: bytes


def seen(scope: Scope) -> Seen:
    """What the request's headers say; read once, and kept with the request."""
    known: Seen | None = scope.get(_KEPT_AS)
    if known is None:
        known = scope[_KEPT_AS] = read(scope["headers"])
    return known


def read(headers: Iterable[tuple[bytes, bytes]]) -> Seen:
    """One pass over the raw ASGI headers (names in lower case)."""
    gpc: list[bytes] = []
    origin: str | None = None
    cookie = user_agent = if_none_match = b""
    for name, value in headers:
        if name == b"sec-gpc":
            gpc.append(value)
        elif name == b"origin":
            origin = value.decode("latin-1") if origin is None else "null"  # two origins are none
        elif name == b"cookie":
            cookie = cookie + b"; " + value if cookie else value
        elif name == b"user-agent":
            user_agent = value
        elif name == b"if-none-match":
            if_none_match = value
    agent = user_agent.decode("latin-1") if user_agent else None
    return Seen(gpc_in_headers(gpc) if gpc else False, origin, cookie, agent, if_none_match)


_KEPT_AS = "consent.headers"
COOKIE_PREFIX = "pc_"
_TOKEN_FIELD = 6


def cookie_name(site: str) -> str:
    """The name of a site's first-party cookie."""
    return COOKIE_PREFIX + site


def cookie_token(cookie: bytes, site: str) -> str | None:
    """The visitor token in the site's first-party cookie, None when there is none.

    The cookie is `1.<answers>.<basis>.<gpc>.<as_of>.<max_age>.<token>`. A cookie of ours that can't be read is
    a token that can't be honoured, not the absence of one.
    """
    name = cookie_name(site)
    if name.encode() not in cookie:
        return None
    try:
        morsel = SimpleCookie(cookie.decode("latin-1")).get(name)
    except CookieError:
        return ""
    if morsel is None:
        return None
    fields = morsel.value.split(".", _TOKEN_FIELD)
    if len(fields) <= _TOKEN_FIELD or fields[0] != "1":
        return ""
    return fields[_TOKEN_FIELD] or None


def presented(explicit: str | None, cookie: bytes, site: str) -> Sequence[str]:
    """The visitor tokens of a request: the explicit one first, then the cookie's if it is another."""
    from_cookie = cookie_token(cookie, site) if cookie else None
    if not explicit:
        return () if from_cookie is None else (from_cookie,)
    return (explicit,) if from_cookie in (None, explicit) else (explicit, from_cookie)
