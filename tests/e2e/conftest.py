"""Fixtures for tests in a real browser: one demo and one browser for all of them, a new visitor for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.e2e.visiting import Visitor, visitor
from tests.support.chromium import ThirdPartyCookies, browser
from tests.support.demo import Demo, running
from tests.support.ports import two_free_ports
from tests.support.waiting import DEADLINE_MS

expect.set_options(timeout=DEADLINE_MS)

Arrive = Callable[..., Awaitable[Visitor]]

ONCE = pytest.mark.parametrize("third_party_cookies", ["blocked"], indirect=True, scope="session")
"""For what has nothing to do with cookies."""


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo on free ports, with a folder of its own."""
    with running(*two_free_ports(), tmp_path_factory.mktemp("demo") / "data") as demo:
        yield demo


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """Playwright's driver."""
    async with async_playwright() as driver:
        yield driver


@pytest.fixture(scope="session", params=["allowed", "blocked"])
def third_party_cookies(request: pytest.FixtureRequest) -> ThirdPartyCookies:
    """Third-party cookies: each test runs with them allowed, and with them blocked."""
    cookies: ThirdPartyCookies = request.param
    return cookies


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(
    playwright: Playwright, third_party_cookies: ThirdPartyCookies, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    """The browser, with third-party cookies or without."""
    async with browser(playwright, tmp_path_factory.mktemp("profile"), third_party_cookies) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(chromium: Browser, demo: Demo) -> AsyncIterator[Arrive]:
    """A function that brings a new visitor; keywords as Playwright's `new_context` has them."""
    async with AsyncExitStack() as visitors:

        async def one(**options: Any) -> Visitor:
            return await visitors.enter_async_context(visitor(chromium, demo, **options))

        yield one
