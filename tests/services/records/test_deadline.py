"""Waiting for the store, but not for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from consent_service.errors import StoreBusy, StoreTimeout
from consent_service.services.records.deadline import Deadline


def too_late() -> StoreTimeout:
    return StoreTimeout("too late")


async def test_an_answer_that_does_not_come_in_time_is_an_error_and_is_cancelled() -> None:
    never: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ask() -> int:
        return await never

    with pytest.raises(StoreTimeout, match="too late"):
        await Deadline(0.01, too_late).wait(ask())
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

    assert await Deadline(0.01, too_late).wait(ask()) == 7


async def test_the_time_that_the_loop_was_away_is_given_to_the_store_once_more() -> None:
    """The request waited in this process as well, so the answer may be late too."""
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

    assert await Deadline(0.01, too_late).wait(ask()) == 7


async def test_the_stores_own_error_is_passed_on() -> None:
    async def ask() -> int:
        raise StoreBusy("full")

    with pytest.raises(StoreBusy, match="full"):
        await Deadline(1, too_late).wait(ask())


async def test_each_of_many_waits_has_its_own_end() -> None:
    """The later one began while the first waited, and the one between them was answered."""
    loop = asyncio.get_running_loop()
    patience = Deadline(0.05, too_late)
    begun: list[float] = []
    ended: list[float] = []

    async def wait(answer: asyncio.Future[None]) -> None:
        async def ask() -> None:
            await answer

        begun.append(loop.time())
        try:
            await patience.wait(ask())
        finally:
            ended.append(loop.time())

    answers: list[asyncio.Future[None]] = [loop.create_future() for _ in range(3)]
    first = asyncio.create_task(wait(answers[0]))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(wait(answers[1]))
    await asyncio.sleep(0.01)
    third = asyncio.create_task(wait(answers[2]))
    await asyncio.sleep(0)
    answers[1].set_result(None)
    await second
    for task in (first, third):
        with pytest.raises(StoreTimeout, match="too late"):
            await task
    assert ended[1] - begun[0] >= 0.05
    assert ended[2] - begun[2] >= 0.05


async def test_a_wait_that_begins_after_others_have_ended_has_a_deadline_as_well() -> None:
    patience = Deadline(0.01, too_late)
    never: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def at_once() -> int:
        return 7

    async def for_ever() -> int:
        return await asyncio.shield(never)

    for _ in range(2):
        assert await patience.wait(at_once()) == 7
        with pytest.raises(StoreTimeout, match="too late"):
            await patience.wait(for_ever())


async def test_a_callers_own_cancellation_is_no_timeout() -> None:
    never: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def for_ever() -> int:
        return await never

    task = asyncio.create_task(Deadline(60, too_late).wait(for_ever()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_patience_holds_on_a_later_loop_too() -> None:
    patience = Deadline(0.01, too_late)

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    for _loop in range(2):
        with pytest.raises(StoreTimeout):
            asyncio.run(patience.wait(never()))
