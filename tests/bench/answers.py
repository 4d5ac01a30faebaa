"""Counts of the service itself: proof that a fast answer was the answer meant, not a quick refusal."""

from __future__ import annotations

import http.client
import re
import time
from typing import Final

from tests.bench.servers import Server

_COUNT: Final = re.compile(r'^consent_flags_total\{basis="(\w+)"\} ([0-9.e+]+)$', re.MULTILINE)
_COUNTED_WITHIN: Final = 5.0  # workers hand over their counts every second


def by_basis(server: Server) -> dict[str, int]:
    """Flags answered so far, by basis; empty where the server has no metrics."""
    if server.metrics_port is None:
        return {}
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port)
    connection.request("GET", "/metrics")
    return parse(connection.getresponse().read().decode())


def parse(metrics: str) -> dict[str, int]:
    """The counts in Prometheus' text."""
    return {basis: int(float(count)) for basis, count in _COUNT.findall(metrics)}


def require(server: Server, basis: str, before: dict[str, int], requests: int) -> None:
    """Stop when fewer than `requests` flags were answered by this basis since `before`."""
    deadline = time.monotonic() + _COUNTED_WITHIN
    while server.metrics_port is not None:
        now = by_basis(server)
        if now.get("unavailable", 0) > before.get("unavailable", 0):
            raise RuntimeError(f"some answers were unavailable: {before} before, {now} after")
        if now.get(basis, 0) - before.get(basis, 0) >= requests:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all of {requests} answers were by {basis}: {before} before, {now} after")
        time.sleep(0.1)
