"""Measuring: one first visit to one page, in a context of its own, and what the page noted about it.

Chromium's alone: other browsers have neither layout shifts nor long tasks to tell of.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from playwright.async_api import Browser

from tests.bench.pages.serving import Served
from tests.bench.pages.variants import BARE, Variant

SETTLED: Final = 500  # milliseconds that are watched after the banner is there: some of them move
LONG: Final = 50.0
"""Milliseconds that make a task a long one. https://www.w3.org/TR/longtasks-1/#sec-terminology"""
_PATIENCE: Final = 30_000
_SETTLE: Final = f"() => new Promise((done) => setTimeout(done, {SETTLED}))"


class Visit(NamedTuple):
    """What one visit noted; times in milliseconds since the navigation began."""

    shift: float
    tasks: tuple[float, ...]
    """How long each long task took."""
    work: float
    """All that the page's main thread did."""
    banner: float | None
    answer: float | None
    at_once: bool
    """Whether a script right behind the snippet got its answer without waiting."""


async def visit(browser: Browser, served: Served, variant: Variant, slower: int = 1) -> Visit:
    """Somebody's first visit, on a processor that is so many times slower."""
    context = await browser.new_context()
    try:
        page = await context.new_page()
        page.set_default_timeout(_PATIENCE)
        devtools = await context.new_cdp_session(page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        await devtools.send("Performance.enable")
        await page.goto(served.address(variant))
        if variant != BARE:
            await page.wait_for_function("() => probe.noted.banner !== null && probe.noted.answer !== null")
        await page.evaluate(_SETTLE)
        noted = await page.evaluate("() => probe.noted")
        return _read(noted, await devtools.send("Performance.getMetrics"))
    finally:
        await context.close()


def _read(noted: dict[str, Any], measured: dict[str, Any]) -> Visit:
    metrics = {metric["name"]: metric["value"] for metric in measured["metrics"]}
    return Visit(
        noted["shift"],
        tuple(noted["tasks"]),
        metrics["TaskDuration"] * 1000,
        noted["banner"],
        noted["answer"],
        noted["at_once"],
    )
