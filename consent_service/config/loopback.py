"""Loopback: the one place where browsers trust a page without TLS, because nobody is in between.

https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy. Knows addresses, nothing of the
configuration.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def on_loopback(url: str) -> bool:
    """Return True if the address names this machine: `localhost`, a name below it, 127.0.0.0/8 or `::1`."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
