"""Request headers: the head's limits, and the headers that matter, read in one pass.

Shared by the flag's hot path and all other calls, so that signal, origin, host and cookie are read in one way only.
The work for a request must grow no faster than its size, so the head has one limit, whatever stands in it. The flag
alone is never refused for it, because it is asked before every ad: an identity beyond the limit is doubt, and denies
(design rule 2).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from starlette.types import Scope

from consent_service.domain.signals import gpc_in_headers
from consent_service.public_contract import COOKIE_PREFIX, HOST_PREFIX

MOST_HEAD: Final = 32 * 1024
"""Bytes of path, query and headers together. Web servers commonly refuse heads of 8 to 32 KiB."""

MOST_COOKIES: Final = 8
"""Cookies of one name that are read. A browser keeps one for each domain and path that a page can set it for."""

MOST_QUERY: Final = 4096
"""Bytes of a query that are read. No parameter of ours has more than 512."""

_HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~%-]{1,255})(:[0-9]{0,5})?")

Raw = list[tuple[bytes, bytes]]
"""Headers as ASGI sends them."""


class Seen(NamedTuple):
    """Headers of a request that matter.

    `origin` is None if there was none. `host` is None or empty if there was none (some servers add an empty one); it
    is no host's name if there were several.
    """

    gpc: bool
    origin: str | None
    cookie: bytes
    user_agent: str | None
    if_none_match: bytes
    host: bytes | None


def fits(scope: Scope) -> bool:
    """Return True if the request's head is within MOST_HEAD."""
    size = len(scope["path"]) + len(scope["query_string"])
    for name, value in scope["headers"]:
        size += len(name) + len(value)
    return size <= MOST_HEAD


def names_host(host: bytes | None, scope: Scope) -> bool:
    """Return True if the request names one host, as HTTP/1.1 must (RFC 9112 section 3.2). `host`: `Seen.host`.

    A proxy and the server behind it read two `Host` headers differently, so neither counts.
    """
    return _is_host(host) if host else scope.get("http_version") != "1.1"


@lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def host_names(scope: Scope) -> set[str]:
    """Return the hosts that this request names, in lower case.

    `X-Forwarded-Host` counts beside `Host`, whoever sent it, and never instead of it: a script of a page can add it
    to a call through its site's path, where a proxy may pass it on.
    """
    values = [
        value.decode("latin-1") for name, value in scope["headers"] if name in (b"host", b"x-forwarded-host")
    ]
    return {host.strip().lower() for value in values for host in value.split(",")}


def seen(scope: Scope) -> Seen:
    """Return the headers that matter; they are read once and kept in the scope."""
    headers: Seen | None = scope.get(_SCOPE_KEY)
    if headers is None:
        headers = scope[_SCOPE_KEY] = read(scope["headers"])
    return headers


def read(headers: Iterable[tuple[bytes, bytes]]) -> Seen:
    """Return the headers that matter, in one pass over raw ASGI headers (names in lower case)."""
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


_SCOPE_KEY: Final = "consent.headers"
_SEVERAL_HOSTS: Final = b","
_PREFIXES: Final = (b"", HOST_PREFIX.encode())
UNREADABLE: Final = "?"
"""Placeholder for an identity that was presented and is not read: a token of nobody."""
_TOKEN_FIELD: Final = 6

Presented = tuple[list[str], list[str]]
"""Visitor tokens of a request, in two lists.

The first token of the first list names the record; its others only deny. Those of the second list never name the
record, even if the first list is empty, and only deny too.
"""


def cross_origin(origin: str) -> Raw:
    """Return the raw headers that let pages of this origin read an answer."""
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

    A header over MOST_HEAD, and all cookies beyond MOST_COOKIES, are replaced by one unreadable cookie.
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

    A cookie is `1.<answers>.<basis>.<gpc>.<as_of>.<max_age>.<token>`. An unreadable cookie counts as a token that is
    rejected, not as no token. `host_only`: a cookie under the plain name is not the site's own.
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
    """Return the token in one cookie; None if it holds none, "" (a token of nobody) if it can't be read."""
    fields = value.split(".", _TOKEN_FIELD)
    if len(fields) <= _TOKEN_FIELD or fields[0] != "1":  # broken, or of a version that is not known here
        return ""
    return fields[_TOKEN_FIELD] or None
