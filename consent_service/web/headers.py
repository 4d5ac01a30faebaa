"""Headers: what one request's raw headers say, read in one pass.

Shared by the flag's hot path and the other visitor calls, so that the signal, the origin and the cookie are
read in one way only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from starlette.types import Scope

from consent_service.domain.signals import gpc_in_headers

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
    tokens = [token for text in cookie_texts(cookie, site) if (token := _token(text)) is not None]
    return tokens if len(tokens) < 2 else list(dict.fromkeys(tokens))


def cookie_texts(cookie: bytes, site: str) -> list[str]:
    """The texts of the site's first-party cookies in a `Cookie` header, in its order."""
    name = cookie_name(site).encode() + b"="
    if name not in cookie:
        return []
    values = [part.strip() for part in cookie.split(b";")]
    return [value[len(name) :].decode("latin-1") for value in values if value.startswith(name)]


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
