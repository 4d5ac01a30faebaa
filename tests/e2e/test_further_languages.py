"""Languages: a page gets the view in its own language alone, and the site's where that one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, Route, expect

from consent_service.texts import shipped
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.staging import Stage, settings_of
from tests.e2e.visiting import part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]
LATER = "**/w/acme.*.js"
"""Whatever the script loads by itself."""
LOADED = "() => performance.getEntriesByType('resource').filter(({name}) => /acme\\.\\w{20}\\.js/.test(name)).length"


async def says(page: Page, lang: str) -> None:
    """The banner speaks this language, and says so."""
    await expect(part(page, "banner")).to_contain_text(shipped()[lang]["banner_text"])
    await expect(page.locator("#privacy-choices")).to_have_attribute("lang", lang)


@pytest.mark.parametrize(("lang", "spoken"), [("en-GB", "en"), ("es-MX", "es")])
async def test_a_page_loads_the_texts_of_its_language_alone(arrive: Arrive, lang: str, spoken: str) -> None:
    page = await Stage(lang=lang, trusted_types=True).open(await arrive())
    await says(page, spoken)
    assert await page.evaluate(LOADED) == 1
    await settings_of(page)
    await expect(part(page, "dialog")).to_contain_text(shipped()[spoken]["settings_text"])
    assert await page.evaluate(LOADED) == 2


def first_goes(to: Callable[[Route], Awaitable[None]]) -> Callable[[Route], Awaitable[None]]:
    """Treat the first file that is asked for so; the service answers for the others."""
    asked = 0

    async def answer(route: Route) -> None:
        nonlocal asked
        asked += 1
        await (to(route) if asked == 1 else route.continue_())

    return answer


async def test_a_language_whose_file_is_missing_is_shown_in_the_sites_own_language(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.context.route(LATER, first_goes(Route.abort))
    await says(await Stage(lang="es", later=False).open(visitor), "en")


async def test_the_banner_does_not_wait_for_a_language_file_that_hangs(arrive: Arrive) -> None:
    visitor = await arrive()
    asked = asyncio.Event()

    async def hang(_route: Route) -> None:
        asked.set()

    await visitor.context.route(LATER, first_goes(hang))
    await visitor.context.clock.install()
    page = await Stage(lang="es", later=False).open(visitor, "parsed")
    await asked.wait()
    await visitor.context.clock.run_for(3000)
    await says(page, "en")


async def test_where_no_language_file_can_be_loaded_the_link_leads_to_the_choices_page(
    arrive: Arrive,
) -> None:
    visitor = await arrive()
    await visitor.context.route(LATER, lambda route: route.abort())
    page = await Stage(later=False).open(visitor)
    await page.evaluate("() => privacyChoices.open()")
    await page.wait_for_url("**/s/acme/privacy-choices")


async def test_a_language_file_that_failed_is_fetched_again_at_the_next_change(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.context.route(LATER, lambda route: route.abort())
    page = await Stage(later=False).open(visitor)
    assert await part(page, "banner").count() == 0
    await visitor.context.unroute(LATER)
    await page.evaluate("() => privacyChoices.optOut()")
    await expect(page.locator("#privacy-choices")).to_be_attached()
