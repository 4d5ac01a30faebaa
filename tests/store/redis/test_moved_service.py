"""A service that still runs over a store that was moved away: nothing is acknowledged, and nothing is vouched for."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from consent_service.store.move_mark import MoveMark
from consent_service.store.sqlite import endpoints as sqlite_endpoints
from consent_service.store.transfer.move import move_store
from tests.support.application import Running, running
from tests.support.redis.fleets import FLEETS, Standalone, empty

UNAVAILABLE = ("denied", "denied", "denied", "unavailable")


async def ruling(service: Running, token: str) -> tuple[object, ...]:
    flag = await service.flag(visitor=token)
    return flag["sale"], flag["share"], flag["sensitive"], flag["basis"]


async def check_denies_and_refuses(service: Running, token: str) -> None:
    """Rule 5: no choice is acknowledged here. Rule 2: what was decided at the new place isn't known here."""
    for body in ({"visitor": token, "sale_share": "opt_out"}, {"sale_share": "opt_out"}):
        answer = await service.choose(**body)
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
    await service.app.parts.cache.poll_changes()
    # What it vouched for a moment ago, it vouches for to the end of the lease.
    while service.app.parts.cache.is_vouched:
        await asyncio.sleep(0.01)
    assert await ruling(service, token) == UNAVAILABLE
    assert (await service.client.get("/readyz")).status_code == 503


@pytest.mark.parametrize("cache", [True, False], ids=["cached", "not cached"])
async def test_rules_2_and_5_a_service_over_redis_that_was_moved_denies_and_takes_no_choice(
    tmp_path: Path, cache: bool
) -> None:
    fleet = FLEETS.fleet(Standalone)
    empty(fleet)
    async with running(tmp_path, store=fleet.url, cache=cache) as service:
        token = (await service.choose(sensitive="limit")).json()["visitor"]
        assert (await ruling(service, token))[-1] == "choice"
        await move_store(fleet.url, f"sqlite:///{tmp_path}/new.db")
        await check_denies_and_refuses(service, token)
    empty(fleet)


@pytest.mark.parametrize("cache", [True, False], ids=["cached", "not cached"])
async def test_rules_2_and_5_a_service_over_a_file_that_was_moved_denies_and_takes_no_choice(
    tmp_path: Path, cache: bool
) -> None:
    """`move` refuses a file that a service has open; a name that leads around the lock must not matter."""
    (tmp_path / "around").mkdir()
    async with running(tmp_path, cache=cache) as service:
        token = (await service.choose(sensitive="limit")).json()["visitor"]
        other = tmp_path / "around" / "consent.db"
        for suffix in ("", "-wal", "-shm"):
            other.with_name(other.name + suffix).hardlink_to(f"{service.store_path}{suffix}")
        with sqlite_endpoints.open_source(other, 1) as source:
            await source.mark_moved(MoveMark("redis://elsewhere:6379", int(time.time())))
        await check_denies_and_refuses(service, token)
