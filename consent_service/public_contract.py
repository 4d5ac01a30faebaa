"""Public contract: facts on which the server, the script and a web server in front of it must agree. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

LARGEST_BODY: Final = 16 * 1024
"""Bytes of a visitor's call. A larger body is refused."""

COOKIE_PREFIX: Final = "pc_"
HOST_PREFIX: Final = "__Host-"
"""Browsers take a cookie of such a name only from its own host (RFC 6265bis section 4.1.3.2)."""


def cookie_name(site: str, *, host_only: bool) -> str:
    """Return the name of a site's first-party cookie. `host_only`: on https, for one host alone."""
    return f"{HOST_PREFIX if host_only else ''}{COOKIE_PREFIX}{site}"


@lru_cache(maxsize=64)
def rfc3339(at: int) -> str:
    """Return Unix seconds as RFC 3339 in UTC to the second, such as `2026-11-22T10:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
