"""Waiting for the store, but not for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from consent_service.errors import StoreBusy, StoreTimeout
from consent_service.services.waiting import within


async def test_what_does_not_come_in_time_is_an_error_and_is_given_up() -> None:
    never: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ask() -> int:
        return await never

    with pytest.raises(StoreTimeout, match="too late"):
        await within(0.01, ask(), "too late")
    await asyncio.sleep(0)
    assert never.cancelled()


async def test_an_answer_that_is_there_counts_even_when_the_loop_is_late() -> None:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[int] = loop.create_future()

    def busy() -> None:
        until = time.perf_counter() + 0.05
        while time.perf_counter() < until:
            pass
        answer.set_result(7)

    async def ask() -> int:
        loop.call_soon(busy)
        return await answer

    assert await within(0.01, ask(), "too late") == 7


async def test_the_time_that_the_loop_was_away_is_given_to_the_store_once_more() -> None:
    """What was to be sent waited as well, and so may the answer."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[int] = loop.create_future()

    def away() -> None:
        until = time.perf_counter() + 0.3
        while time.perf_counter() < until:
            pass
        loop.call_later(0.05, answer.set_result, 7)  # only now is the store asked

    async def ask() -> int:
        loop.call_soon(away)
        return await answer

    assert await within(0.01, ask(), "too late") == 7


async def test_the_stores_own_error_is_passed_on() -> None:
    async def ask() -> int:
        raise StoreBusy("full")

    with pytest.raises(StoreBusy, match="full"):
        await within(1, ask(), "too late")
