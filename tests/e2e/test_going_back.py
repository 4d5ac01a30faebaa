"""Going back: a page that the browser has kept as it was, and what happened meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Playwright

from tests.e2e.embedding import Written, arrived, shop
from tests.e2e.visiting import acknowledged, flag, part
from tests.support.chromium import launched

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

LISTEN = "() => { window.heard = []; addEventListener('privacychoices:change', (e) => heard.push(e.detail.sale)); }"


async def test_a_page_that_comes_back_from_the_cache_has_heard_of_the_opt_out(
    playwright: Playwright, tmp_path: Path
) -> None:
    with shop(tmp_path) as site, site.serving():
        site.pages["/next"] = Written()
        async with launched(
            playwright, tmp_path / "profile", ignore_default_args=["--disable-back-forward-cache"]
        ) as context:
            visitor = arrived(context, site)
            page = await visitor.visit()
            await page.evaluate(LISTEN)
            await page.evaluate(
                "() => addEventListener('pageshow', (e) => { window.persisted = e.persisted; })"
            )
            await page.goto(f"{site.origin}/next")
            await part(page, "opt-out").click()
            await acknowledged(page)
            await page.go_back(wait_until="commit")  # what is kept is not loaded again
            await page.wait_for_function("() => window.persisted && window.heard.length === 1")
            assert await page.evaluate("() => window.heard") == ["denied"]
            assert (await flag(page))["basis"] == "choice"
            assert len(await site.choices()) == 1
