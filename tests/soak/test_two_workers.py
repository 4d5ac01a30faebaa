"""Two worker processes on one file: what one acknowledged is in the other's flag within a second.

Each worker is a service of its own on a port of its own, so that the test knows which one it asks.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import httpx2
import pytest

from tests.soak.auditing import check_flags, check_folds, flag_of, ledger, record_of
from tests.soak.serving import serving
from tests.soak.visiting import (
    LIMIT,
    OPT_OUT,
    Acknowledged,
    acknowledged,
    client,
    first_choice,
    next_choice,
    post,
)
from tests.support.configuration import sqlite_url

pytestmark = pytest.mark.soak

T = TypeVar("T")
Ports = Callable[[int], list[int]]

_CHOICES: Final = 200
_AT_ONCE: Final = 10
_COHERENT: Final = 1.0
"""Seconds in which one process's cache must learn of another's commit (design section 5)."""


async def test_a_choice_made_through_one_worker_is_in_the_others_flag_within_a_second(
    tmp_path: Path, free_ports: Ports, capsys: pytest.CaptureFixture[str]
) -> None:
    async with _two_workers(tmp_path, free_ports) as workers:
        delays = await _through_either(workers, _watch)
    with capsys.disabled():
        worst, middle = max(delays), statistics.median(delays)
        print(
            f"\n{len(delays)} choices: seen by the other worker after {middle:.3f} s (median), {worst:.3f} s (worst)"
        )
    assert 0 < max(delays) < _COHERENT  # the other did answer from what it remembered


async def test_a_visitor_who_chose_at_one_worker_is_recognised_by_the_other_at_once(
    tmp_path: Path, free_ports: Ports
) -> None:
    """The token says that there is something newer than what the other remembers: it must look, not doubt."""
    async with _two_workers(tmp_path, free_ports) as workers:
        visitors = await _through_either(workers, _go_to_the_other)
    found = await ledger(sqlite_url(tmp_path))
    assert len(found) == 3 * _CHOICES
    assert {recorded.record for recorded in found.values()} == {*map(record_of, visitors)}
    await check_folds(sqlite_url(tmp_path))


async def _watch(writer: httpx2.AsyncClient, other: httpx2.AsyncClient) -> float:
    """Opt out through `writer`; seconds until `other` was last asked and answered from what it remembered."""
    known = await _remembered_by_both(writer, other)
    opted_out = await _next(writer, known)
    delay, _, sale = await asyncio.gather(
        _last_allowed(other, known.token), check_flags(writer, [opted_out]), _sale(writer, known.token)
    )
    assert sale == "denied"  # never allowed by the one that acknowledged
    return delay


async def _last_allowed(http: httpx2.AsyncClient, token: str) -> float:
    """Asks until it is denied; seconds from now to the last question that was still answered with allowed."""
    began, delay = time.monotonic(), 0.0
    async with asyncio.timeout(10):
        while True:
            asked_at = time.monotonic()
            if await _sale(http, token) == "denied":
                return delay
            delay = asked_at - began


async def _go_to_the_other(writer: httpx2.AsyncClient, other: httpx2.AsyncClient) -> bytes:
    """Opt out through `writer`, then ask and choose at `other`; the visitor."""
    opted_out = await _next(writer, await _remembered_by_both(writer, other))
    again = await _next(other, opted_out)  # checks that it is the same visitor
    await check_flags(other, [opted_out, again])
    await check_flags(writer, [opted_out, again])
    return again.asked.visitor


async def _remembered_by_both(writer: httpx2.AsyncClient, other: httpx2.AsyncClient) -> Acknowledged:
    """Somebody with a record whom both workers have in their caches, sale allowed."""
    begun = first_choice(LIMIT)
    known = acknowledged(begun, await post(writer, begun))
    for http in (writer, other):
        assert await _sale(http, known.token) == "allowed"
    return known


async def _next(http: httpx2.AsyncClient, known: Acknowledged) -> Acknowledged:
    """The same visitor opts out."""
    asked = next_choice(known.asked.visitor, known.token, OPT_OUT)
    return acknowledged(asked, await post(http, asked))


async def _sale(http: httpx2.AsyncClient, token: str) -> str:
    flag, _ = await flag_of(http, token)
    return str(flag["sale"])


@asynccontextmanager
async def _two_workers(
    folder: Path, free_ports: Ports
) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient]]:
    """Clients of two services with one worker each, on one file in the folder."""
    one, two = free_ports(2)
    with serving(folder, one, workers=1) as first, serving(folder, two, workers=1) as second:
        async with client(first.url) as here, client(second.url) as there:
            yield here, there


async def _through_either(
    workers: tuple[httpx2.AsyncClient, httpx2.AsyncClient],
    visit: Callable[[httpx2.AsyncClient, httpx2.AsyncClient], Awaitable[T]],
) -> list[T]:
    """Return the results of the visits, each worker in turn being the first that is visited; a few at once."""
    found: list[T] = []
    for start in range(0, _CHOICES, _AT_ONCE):
        pairs = [workers if n % 2 else workers[::-1] for n in range(start, start + _AT_ONCE)]
        found += await asyncio.gather(*(visit(*pair) for pair in pairs))
    return found
