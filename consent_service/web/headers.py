"""Headers: what one request's raw headers say, read in one pass.

Shared by the flag's hot path and the other visitor calls, so that the signal, the origin and the cookie are
read in one way only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from starlette.types import Scope

from consent_service.domain.signals import gpc_in_headers
from consent_service.web.bounds import MOST_COOKIES, MOST_HEAD

Raw = list[tuple[bytes, bytes]]
"""Headers as ASGI sends them."""


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
    more_cookies: list[bytes] = []
    origin: str | None = None
    cookie = user_agent = if_none_match = b""
    for name, value in headers:
        if name == b"sec-gpc":
            gpc.append(value)
        elif name == b"origin":
            origin = value.decode("latin-1") if origin is None else "null"  # two origins are none
        elif name == b"cookie":
            if cookie:
                more_cookies.append(value)
            else:
                cookie = value
        elif name == b"user-agent":
            user_agent = value
        elif name == b"if-none-match":
            if_none_match = value
    agent = user_agent.decode("latin-1") if user_agent else None
    if more_cookies:
        cookie = b"; ".join([cookie, *more_cookies])
    return Seen(gpc_in_headers(gpc) if gpc else False, origin, cookie, agent, if_none_match)


_KEPT_AS = "consent.headers"
COOKIE_PREFIX = "pc_"
UNREADABLE: Final = "?"
"""Stands for an identity that was presented and is not read: no token of anybody."""
_TOKEN_FIELD = 6


def cross_origin(origin: str) -> Raw:
    """The raw headers that let a page of this origin read an answer."""
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
    ]


def cookie_name(site: str) -> str:
    """The name of a site's first-party cookie."""
    return COOKIE_PREFIX + site


def cookie_tokens(cookie: bytes, site: str) -> list[str]:
    """The visitor tokens in the site's first-party cookies: mostly none or one.

    A cookie is `1.<answers>.<basis>.<gpc>.<as_of>.<max_age>.<token>`. One that can't be read is a token that
    can't be honoured, not the absence of one. Two of one name (set for the host and for its domain) both count.
    """
    texts = cookie_values(cookie, cookie_name(site))
    tokens = [token for text in texts if (token := _token(text)) is not None]
    return tokens if len(tokens) < 2 else list(dict.fromkeys(tokens))


def cookie_texts(cookie: bytes, site: str) -> list[str]:
    """The texts of the site's first-party cookies in a `Cookie` header, in its order."""
    return cookie_values(cookie, cookie_name(site))


def cookie_values(cookie: bytes, name: str) -> list[str]:
    """Return the values of the cookies of this name in a `Cookie` header, in its order.

    A header that is too long, and cookies beyond the most that are read, are one that can't be read.
    """
    start = name.encode() + b"="
    if start not in cookie:
        return []
    if len(cookie) > MOST_HEAD:
        return [UNREADABLE]
    pairs = [pair.strip() for pair in cookie.split(b";")]
    values = [pair[len(start) :].decode("latin-1") for pair in pairs if pair.startswith(start)]
    return values if len(values) <= MOST_COOKIES else [*values[:MOST_COOKIES], UNREADABLE]


def presented(explicit: str | None, cookie: bytes, site: str) -> Sequence[str]:
    """The visitor tokens of a request: the explicit one first, then the cookies' if they are others."""
    tokens = cookie_tokens(cookie, site) if cookie else []
    if not explicit:
        return tokens
    return [explicit, *(token for token in tokens if token != explicit)]


def _token(value: str) -> str | None:
    """The token of one cookie, None when it holds none, "" (no token of anybody) when it can't be read."""
    fields = value.split(".", _TOKEN_FIELD)
    if len(fields) <= _TOKEN_FIELD or fields[0] != "1":
        return ""
    return fields[_TOKEN_FIELD] or None
