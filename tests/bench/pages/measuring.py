"""Measuring: one first visit to one page, in a context of its own, and what the page noted about it.

Chromium's alone: other browsers tell neither of layout shifts nor of their tasks.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from playwright.async_api import Browser

from tests.bench.pages import tasks
from tests.bench.pages.serving import Served
from tests.bench.pages.variants import BARE, Variant
from tests.support.waiting import DEADLINE_MS

SETTLED: Final = 500  # milliseconds that are watched after the banner is there: some of them move
_SETTLE: Final = f"() => new Promise((done) => setTimeout(done, {SETTLED}))"


class Visit(NamedTuple):
    """Measurements of one visit; times in milliseconds since the navigation began."""

    shift: float
    tasks: tuple[float, ...]
    """The processor time of each task of the page's main thread."""
    banner: float | None
    answer: float | None
    at_once: bool
    """True if a script right behind the snippet got its answer without waiting."""


async def visit(browser: Browser, served: Served, variant: Variant, slower: int = 1) -> Visit:
    """Somebody's first visit, on a processor that is so many times slower."""
    context = await browser.new_context()
    try:
        page = await context.new_page()
        page.set_default_timeout(DEADLINE_MS)
        devtools = await context.new_cdp_session(page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        await browser.start_tracing(page=page, categories=tasks.CATEGORIES)
        await page.goto(served.address(variant))
        if variant != BARE:
            await page.wait_for_function("() => probe.noted.banner !== null && probe.noted.answer !== null")
        await page.evaluate(_SETTLE)
        noted = await page.evaluate("() => probe.noted")
        trace = json.loads(await browser.stop_tracing())
    finally:
        await context.close()
    return _read(noted, tasks.of_page(trace["traceEvents"], served.address(variant)))


def _read(noted: dict[str, Any], done: tuple[float, ...]) -> Visit:
    return Visit(noted["shift"], done, noted["banner"], noted["answer"], noted["at_once"])
