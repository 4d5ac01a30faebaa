"""Addresses that count as one client, in whatever form they come. Peers are named as sockets name them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.support.application import SERVICE, SHOP, Running, running


async def statuses(service: Running, peers: list[str], **headers: str) -> Counter[int]:
    """Return the statuses of opt-outs from these peers."""
    found: Counter[int] = Counter()
    for peer in peers:
        transport = httpx2.ASGITransport(app=service.app, client=(peer, 1))
        async with httpx2.AsyncClient(transport=transport, base_url=SERVICE) as client:
            sent = {"origin": SHOP, **{name.replace("_", "-"): value for name, value in headers.items()}}
            answer = await client.post("/v1/acme/choices", json={"sale_share": "opt_out"}, headers=sent)
            found[answer.status_code] += 1
    return found


async def test_ipv4_visitors_of_an_ipv6_socket_do_not_use_up_each_other_s_limit(tmp_path: Path) -> None:
    async with running(tmp_path, writes_per_minute=1, burst=1) as service:
        peers = [f"::ffff:203.0.113.{number}" for number in range(1, 41)]
        assert await statuses(service, peers) == {201: 40}
        assert await statuses(service, ["203.0.113.1"]) == {429: 1}, "the same visitor in plain form"


@pytest.mark.parametrize("trusted", ["10.0.0.0/8", "::ffff:10.0.0.0/104"])
@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1"])
async def test_a_proxy_is_trusted_in_every_form_of_its_address(
    tmp_path: Path, trusted: str, peer: str
) -> None:
    async with running(tmp_path, writes_per_minute=1, burst=1, proxies=[trusted]) as service:
        for number in range(1, 21):
            forwarded = f"203.0.113.{number}"
            assert await statuses(service, [peer], x_forwarded_for=forwarded) == {201: 1}


async def test_who_walks_the_lines_of_one_48_is_stopped_and_the_next_48_is_not(tmp_path: Path) -> None:
    async with running(tmp_path, writes_per_minute=1, burst=10) as service:
        walked = await statuses(service, [f"2001:db8:1:{number:x}::1" for number in range(150)])
        # The 48's bucket holds 40 and gets 4 more a minute.
        assert 40 <= walked[201] < 80
        assert await statuses(service, [f"2001:db8:{number:x}::1" for number in range(2, 52)]) == {201: 50}
