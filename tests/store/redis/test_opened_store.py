"""A server that says nothing for a moment is no reason not to open its store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from consent_service.errors import StoreTimeout
from consent_service.store.contract import Change
from consent_service.store.redis import RedisStore
from tests.support.ports import free_ports
from tests.support.redis.fleets import Fleet
from tests.support.redis.server import HOST
from tests.support.redis.wires import Wires
from tests.support.waiting import DEADLINE


@pytest.fixture
def wires() -> Iterator[Wires]:
    laid = Wires()
    yield laid
    laid.close()


@pytest.mark.parametrize("silent", [1, 2, 3, 4])  # of the connections that opening makes: to check, to read
async def test_a_connection_that_stays_silent_is_tried_again(
    standalone: Fleet, wires: Wires, silent: int
) -> None:
    (port,) = free_ports(1)
    wires.lay(port, standalone.servers[0].port)
    wires.cut(lambda wire: wires.opened(port) == silent)
    store = await asyncio.to_thread(RedisStore.open, f"redis://{HOST}:{port}")
    assert await store.commit(Change("acme.07")) == 1
    await store.close()


async def test_a_choice_is_sent_over_a_connection_that_took_longer_to_open_than_a_flag_would_wait(
    standalone: Fleet,
) -> None:
    store = RedisStore.open(standalone.url)
    standalone.servers[0].ask("CLIENT", "PAUSE", 1400, "ALL")
    assert await store.commit(Change("acme.07")) == 1
    await store.close()


async def test_a_server_that_stays_silent_is_given_up(standalone: Fleet, wires: Wires) -> None:
    (port,) = free_ports(1)
    wires.lay(port, standalone.servers[0].port)
    wires.cut(lambda _wire: True)
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(StoreTimeout, match="did not answer within"):
            await asyncio.to_thread(RedisStore.open, f"redis://{HOST}:{port}")
