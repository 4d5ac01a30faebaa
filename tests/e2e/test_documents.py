"""Pages that are drawn as a whole, or anew, in Chromium: ours breaks no hydration and comes back at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import ONCE
from tests.e2e.documents import AGAIN_AND_AGAIN, FRAMES, HELD, REDRAWINGS, hydrated, plain
from tests.e2e.embedding import Guest, Shop, guest, shop
from tests.e2e.visiting import part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

FRAMEWORKS = ["react18", "react", "vue"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all of these tests."""
    with shop(tmp_path_factory.mktemp("shop")) as opened, opened.serving():
        yield opened


async def walked(visitor: Guest, recovered: int = 0) -> None:
    """The page is hydrated and works, and so does all of ours."""
    page = await visitor.visit()
    await expect(page.locator("#h")).to_have_text("Shop 1")
    assert await page.evaluate("window.recovered.length") == recovered, await page.evaluate("recovered")
    assert visitor.complaints == []
    await page.locator("#b").click()
    await expect(page.locator("#h")).to_have_text("Shop 2")
    assert await page.evaluate(HELD)
    await expect(part(page, "banner")).to_be_visible()
    await expect(page.locator("#l svg")).to_be_visible()
    await page.locator("#l").click()
    await expect(part(page, "dialog")).to_be_visible()


@pytest.mark.parametrize("late", [False, True], ids=["at once", "once the script is there"])
@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_framework_hydrates_the_document_without_an_error(
    chromium: Browser, site: Shop, tmp_path: Path, framework: str, late: bool
) -> None:
    hydrated(site, tmp_path, framework, late=late)
    async with guest(chromium, site) as visitor:
        await walked(visitor)


@pytest.mark.parametrize("framework", ["react18", "react"])
async def test_a_document_is_hydrated_while_it_is_parsed(
    chromium: Browser, site: Shop, tmp_path: Path, framework: str
) -> None:
    hydrated(site, tmp_path, framework, middle=True)
    async with guest(chromium, site) as visitor:
        await walked(visitor)


@pytest.mark.parametrize("late", [False, True], ids=["at once", "once the script is there"])
async def test_what_a_page_breaks_by_itself_and_draws_anew_has_all_of_ours_again(
    chromium: Browser, site: Shop, tmp_path: Path, late: bool
) -> None:
    hydrated(site, tmp_path, "react18", late=late, wrong=True)
    async with guest(chromium, site) as visitor:
        page = await visitor.visit()
        await expect(page.locator("#h")).to_have_text("Shop 1")
        assert await page.evaluate("window.recovered.length > 0")
        assert await page.evaluate(HELD)
        await expect(part(page, "banner")).to_be_visible()


@pytest.mark.parametrize("between", ["", "\n"], ids=["joined", "apart"])
@pytest.mark.parametrize("way", REDRAWINGS)
async def test_ours_comes_back_at_once_whatever_draws_the_page_anew(
    chromium: Browser, site: Shop, way: str, between: str
) -> None:
    plain(site, between)
    async with guest(chromium, site) as visitor:
        page = await visitor.visit()
        await expect(part(page, "banner")).to_be_visible()
        assert await page.evaluate(HELD)
        # No timer runs in between: whoever looks early finds it.
        assert await page.evaluate(f"async () => {{ {REDRAWINGS[way]}; await null; return {FRAMES} }}")
        await expect(part(page, "banner")).to_be_visible()
        await expect(part(page, "link")).to_be_attached()
        await page.evaluate(AGAIN_AND_AGAIN)
        await expect(part(page, "banner")).to_be_visible()
        assert await page.evaluate(FRAMES)
        assert visitor.complaints == []


async def test_the_frames_come_back_where_the_script_never_does(chromium: Browser, site: Shop) -> None:
    plain(site, "")
    async with guest(chromium, site) as visitor:
        await visitor.context.route("**/w/acme*.js", lambda route: route.abort())
        page = await visitor.visit(ready=False)
        for way in REDRAWINGS.values():
            assert await page.evaluate(f"async () => {{ {way}; await null; return {FRAMES} }}")
