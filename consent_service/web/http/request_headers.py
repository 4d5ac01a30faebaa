"""Headers: what one request's raw headers say, read in one pass.

Shared by the flag's hot path and the other visitor calls, so that the signal, the origin and the cookie are
read in one way only.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final, NamedTuple

from starlette.types import Scope

from consent_service.domain.signals import gpc_in_headers
from consent_service.public_contract import COOKIE_PREFIX, HOST_PREFIX
from consent_service.web.http.head_limit import MOST_COOKIES, MOST_HEAD

Raw = list[tuple[bytes, bytes]]
"""Headers as ASGI sends them."""


class Seen(NamedTuple):
    """The headers of a request that matter. `origin` is None when there was none.

    `host` is None or empty when there was none (some servers add an empty one), and no host's name when there were
    several.
    """

    gpc: bool
    origin: str | None
    cookie: bytes
    user_agent: str | None
    if_none_match: bytes
    host: bytes | None


def seen(scope: Scope) -> Seen:
    """Return the headers that matter; they are read once and kept with the request."""
    known: Seen | None = scope.get(_KEPT_AS)
    if known is None:
        known = scope[_KEPT_AS] = read(scope["headers"])
    return known


def read(headers: Iterable[tuple[bytes, bytes]]) -> Seen:
    """One pass over the raw ASGI headers (names in lower case)."""
    gpc: list[bytes] = []
    more_cookies: list[bytes] = []
    origin: str | None = None
    host: bytes | None = None
    cookie = user_agent = if_none_match = b""
    for name, value in headers:
        if name == b"host":  # in every request: first
            host = value if host is None else _SEVERAL_HOSTS
        elif name == b"sec-gpc":
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
    return Seen(gpc_in_headers(gpc) if gpc else False, origin, cookie, agent, if_none_match, host)


_KEPT_AS = "consent.headers"
_SEVERAL_HOSTS: Final = b","
_PREFIXES = (b"", HOST_PREFIX.encode())
UNREADABLE: Final = "?"
"""Stands for an identity that was presented and is not read: no token of anybody."""
_TOKEN_FIELD = 6


Presented = tuple[list[str], list[str]]
"""The visitor tokens of a request: those of which the first names the record and the others only deny, and those that
name nobody, even where they stand alone, and only deny too."""


def cross_origin(origin: str) -> Raw:
    """The raw headers that let a page of this origin read an answer."""
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
    ]


def cookie_texts(cookie: bytes, site: str) -> list[tuple[bytes, str]]:
    """Return the texts of the site's first-party cookies in a `Cookie` header, each behind its name's prefix.

    With the prefix it is the site's own host's alone (RFC 6265bis section 4.1.3.2), without it (b"") a sibling
    subdomain may have set it.
    """
    return _cookies(cookie, COOKIE_PREFIX + site, _PREFIXES)


def cookie_values(cookie: bytes, name: str) -> list[str]:
    """Return the values of the cookies of this name in a `Cookie` header, in its order."""
    return [text for _, text in _cookies(cookie, name, (b"",))]


def _cookies(cookie: bytes, name: str, prefixes: Container[bytes]) -> list[tuple[bytes, str]]:
    """Return the cookies of this name behind one of these prefixes, each with its prefix, in the header's order.

    A header that is too long, and cookies beyond the most that are read, are one that can't be read.
    """
    name_and_sign = f"{name}=".encode()
    start = cookie.find(name_and_sign)
    if start >= 0 and len(cookie) > MOST_HEAD:
        return [(b"", UNREADABLE)]
    texts: list[tuple[bytes, str]] = []
    while start >= 0:
        # no other whitespace: browsers that keep it in a name don't take `__Host-` behind it for the prefix
        prefix = cookie[cookie.rfind(b";", 0, start) + 1 : start].strip(b" \t")
        start += len(name_and_sign)
        end = cookie.find(b";", start)
        if prefix in prefixes:
            if len(texts) == MOST_COOKIES:
                return [*texts, (b"", UNREADABLE)]
            text = cookie[start:end] if end >= 0 else cookie[start:]
            texts.append((prefix, text.strip().decode("latin-1")))
        start = cookie.find(name_and_sign, end) if end >= 0 else end
    return texts


def presented(explicit: str | None, cookie: bytes, site: str, *, host_only: bool) -> Presented:
    """Return the visitor tokens of a request: the explicit one first, then those of the cookies.

    A cookie is `1.<answers>.<basis>.<gpc>.<as_of>.<max_age>.<token>`. One that can't be read is a token that
    can't be honoured, not the absence of one. `host_only`: a cookie under the plain name is none of the site's own.
    """
    tokens = [explicit] if explicit else []
    plain: list[str] = []
    for prefix, text in cookie_texts(cookie, site):
        token = _token(text)
        if token is not None:
            (tokens if prefix else plain).append(token)
    if not plain and len(tokens) < 2:
        return tokens, plain
    if not host_only:
        tokens, plain = tokens + plain, []
    if len(tokens) + len(plain) > 1:
        tokens = list(dict.fromkeys(tokens))
        plain = [token for token in dict.fromkeys(plain) if token not in tokens]
    return tokens, plain


def _token(value: str) -> str | None:
    """The token of one cookie, None when it holds none, "" (no token of anybody) when it can't be read."""
    fields = value.split(".", _TOKEN_FIELD)
    if len(fields) <= _TOKEN_FIELD or fields[0] != "1":
        return ""
    return fields[_TOKEN_FIELD] or None
