"""The script begins before the page has a body: it is in the browser's cache, and something in the head is slow."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, Request, Route

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Written, guest, shop
from tests.e2e.visiting import part
from tests.support.waiting import eventually_async

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

SLOW = "<script src='/slow.js'></script>"


async def test_a_visitor_opts_out_by_a_banner_whose_script_began_before_the_body(
    chromium: Browser, tmp_path: Path
) -> None:
    """The script takes the browser's functions from a frame that is gone when the buttons are made."""
    with shop(tmp_path) as site, site.serving():
        site.pages["/"] = Written(head=SLOW, body="<p>x</p>")
        async with guest(chromium, site) as visitor:
            page = await visitor.context.new_page()
            asked = asyncio.Event()

            def look(request: Request) -> None:
                if request.url.endswith("/signals"):
                    asked.set()

            async def answer_late(route: Route) -> None:
                await asked.wait()
                await route.fulfill(body="0", content_type="text/javascript")

            page.on("request", look)
            await page.route("**/slow.js", answer_late)
            await page.goto(site.origin)
            await part(page, "opt-out").click()
            await eventually_async(
                lambda: page.evaluate("privacyChoices.flag().sale === 'denied'"),
            )
