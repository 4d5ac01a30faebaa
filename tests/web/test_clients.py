"""Whose call it is, behind proxies: what the limits count as one client."""

from __future__ import annotations

import pytest

from consent_service.web.clients import Clients, household

PROXY = "10.0.0.1"


def address(peer: str, *lines: str) -> str:
    """What counts for a call from this peer with these X-Forwarded-For lines."""
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    return household(Clients(["10.0.0.0/8"]).address({"client": (peer, 1), "headers": headers}))


@pytest.mark.parametrize(
    ("peer", "lines", "counted"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        (PROXY, [], PROXY),
        (PROXY, ["203.0.113.9"], "203.0.113.9"),
        (PROXY, ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (PROXY, ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        (PROXY, ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (PROXY, ["203.0.113.9:4711"], "203.0.113.9"),
        (PROXY, ["[2001:db8:1:2::7]:4711"], "2001:db8:1:2::/64"),
        (PROXY, ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        (PROXY, ["unknown"], "unknown"),
    ],
)
def test_the_last_hop_that_is_no_trusted_proxy_counts(peer: str, lines: list[str], counted: str) -> None:
    assert address(peer, *lines) == counted
