"""A service on `::` hears IPv4 too, and its IPv4 visitors are as many clients as they are."""

from __future__ import annotations

import http.client
import json
import socket
from collections import Counter
from pathlib import Path

import pytest

from tests.support.configuration import consent_toml
from tests.support.service import serving

BURST = 2
PROXY = "127.0.0.1"


def on_every_address(folder: Path, port: int, more: str = "") -> str:
    """A configuration that listens on `::` and lets each address write twice, then once a minute."""
    text = consent_toml(folder, port, more=f'host = "::"\n{more}')
    return f"{text}\n[limits]\nwrites_per_minute = 1\nburst = {BURST}\n"


@pytest.fixture(autouse=True)
def ipv6() -> None:
    """Without IPv6 nothing listens on `::`: `tests/web` shows the same with peers as that socket names them."""
    try:
        socket.create_server(("::", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")


def opted_out(port: int, source: str, forwarded: str = "") -> int:
    """The status of an opt-out over IPv4, from this address of the loopback's."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(source, 0))
    headers = {"origin": "https://shop.example.com", "content-type": "application/json"}
    if forwarded:
        headers["x-forwarded-for"] = forwarded
    try:
        connection.request("POST", "/v1/acme/choices", json.dumps({"sale_share": "opt_out"}), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_ipv4_visitors_of_an_ipv6_socket_do_not_use_up_each_other_s_limit(
    tmp_path: Path, free_port: int
) -> None:
    with serving(tmp_path, on_every_address(tmp_path, free_port), free_port):
        statuses = Counter(opted_out(free_port, f"127.0.1.{number}") for number in range(1, 81))
        assert statuses == {201: 80}
        assert [opted_out(free_port, "127.0.2.1") for _ in range(BURST + 1)] == [201, 201, 429]


def test_a_proxy_that_comes_over_ipv4_is_trusted_on_an_ipv6_socket(tmp_path: Path, free_port: int) -> None:
    trusting = f'trusted_proxies = ["{PROXY}"]'
    with serving(tmp_path, on_every_address(tmp_path, free_port, trusting), free_port):
        statuses = Counter(opted_out(free_port, PROXY, f"203.0.113.{number}") for number in range(1, 21))
        assert statuses == {201: 20}
        visitors = ["198.51.100.1", "::ffff:198.51.100.1", "[::FFFF:198.51.100.1]:4711"]
        assert [opted_out(free_port, PROXY, visitor) for visitor in visitors] == [201, 201, 429]
