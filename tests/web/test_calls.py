"""Whose call it is, behind proxies: what the limits count as one client."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from consent_service.services.devices import Devices
from consent_service.services.limits import Limits
from consent_service.web.calls import Calls
from tests.running import SERVICE, Clock

PROXY = "10.0.0.1"


def address(peer: str, *lines: str) -> str:
    """What counts for a call from this peer with these X-Forwarded-For lines."""
    limits = Limits(0, 1, 1, key=b"k", clock=Clock())
    calls = Calls({}, SERVICE, (ip_network("10.0.0.0/8"),), Devices(), limits, Clock())
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    return calls.address(Request({"type": "http", "client": (peer, 1), "headers": headers}))


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
