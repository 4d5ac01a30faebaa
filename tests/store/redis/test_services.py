"""Two services of two workers each over one cluster behave as one, also while nobody tells them what changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any, Final

import httpx2
import pytest

from tests.support.configuration import consent_toml
from tests.support.ports import free_ports
from tests.support.processes import fetch
from tests.support.redis.fleets import FLEETS, Cluster, Fleet, empty
from tests.support.service import serving
from tests.support.waiting import DEADLINE, eventually

ORIGIN: Final = "https://shop.example.com"
COHERENT: Final = 1.0
"""Seconds in which one process's cache must learn of another's commit (design section 5)."""

_ASKED: Final = 16
"""Questions at once, each on a connection of its own: both workers of a service get some."""
_VISITORS: Final = 5


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    found = FLEETS.fleet(Cluster)
    empty(found)
    return found


@pytest.fixture(scope="module")
def ports(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """Ports at which the two services listen."""
    found = free_ports(2)
    with ExitStack() as stack:
        for port in found:
            folder = tmp_path_factory.mktemp("service")
            text = consent_toml(folder, port, store=fleet.url)
            stack.enter_context(serving(folder, text, port, "--workers", "2"))
        yield found


@asynccontextmanager
async def clients(ports: list[int]) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """A client of each service that opens a connection for every call."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    one, other = (
        httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", limits=limits, headers={"origin": ORIGIN}, timeout=DEADLINE
        )
        for port in ports
    )
    async with one, other:
        yield [one, other]


async def choose(service: httpx2.AsyncClient, **choice: Any) -> str:
    """The visitor token of who has just chosen."""
    response = await service.post("/v1/acme/choices", json={"method": "page", **choice})
    assert response.status_code == 201, response.text
    return str(response.json()["visitor"])


async def sales(service: httpx2.AsyncClient, visitor: str) -> set[str]:
    """Return the answers of the service's workers about this visitor, asked on many connections at once."""
    asked = [service.get("/v1/acme/flag", params={"visitor": visitor}) for _ in range(_ASKED)]
    return {response.json()["sale"] for response in await asyncio.gather(*asked)}


@contextmanager
def change_channel_cut(fleet: Fleet) -> Iterator[None]:
    """While inside, no server vouches for what it tells of changes; documents are read and written as ever."""
    for server in fleet.servers:
        server.ask("ACL", "SETUSER", "default", "-role")
    try:
        yield
    finally:
        for server in fleet.servers:
            server.ask("ACL", "SETUSER", "default", "+role")


async def test_a_choice_made_through_one_service_is_in_the_others_flag_within_a_second(
    ports: list[int],
) -> None:
    async with clients(ports) as services:
        for number in range(_VISITORS):
            writer, other = services if number % 2 else services[::-1]
            visitor = await choose(writer, sensitive="limit")
            for service in (writer, other):
                assert await sales(service, visitor) == {"allowed"}
            await choose(writer, sale_share="opt_out", visitor=visitor)
            acknowledged = time.monotonic()
            while (seen := await _asked_at(other, visitor))[1] != {"denied"}:
                assert seen[0] - acknowledged < COHERENT
            while (seen := await _asked_at(writer, visitor))[1] != {"denied"}:
                assert seen[0] - acknowledged < COHERENT


async def test_while_no_word_of_changes_comes_every_flag_is_read_from_the_store(
    ports: list[int], fleet: Fleet
) -> None:
    async with clients(ports) as services:
        for number in range(_VISITORS):
            writer, other = services if number % 2 else services[::-1]
            visitor = await choose(writer, sensitive="limit")
            for service in services:
                assert await sales(service, visitor) == {"allowed"}
            with change_channel_cut(fleet):
                for port in ports:
                    eventually(lambda port=port: fetch(port, "/readyz").status == 503)  # type: ignore[misc]
                await asyncio.sleep(COHERENT)  # the last word they had is too old now
                await choose(writer, sale_share="opt_out", visitor=visitor)
                for service in (writer, other):
                    assert await sales(service, visitor) == {"denied"}, "at once: nothing is remembered"
        for port in ports:
            eventually(lambda port=port: fetch(port, "/readyz").status == 200)  # type: ignore[misc]


async def _asked_at(service: httpx2.AsyncClient, visitor: str) -> tuple[float, set[str]]:
    """When it was asked, and what it said."""
    return time.monotonic(), await sales(service, visitor)
