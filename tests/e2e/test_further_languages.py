"""Further languages: a page in one asks for its words alone, and is spoken to in the site's own where they fail."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

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


async def test_a_page_in_the_sites_own_language_loads_no_words(arrive: Arrive) -> None:
    page = await Stage(lang="en-GB").open(await arrive())
    await says(page, "en")
    assert await page.evaluate(LOADED) == 0


async def test_a_page_in_a_further_language_loads_its_words_for_the_settings_too(arrive: Arrive) -> None:
    page = await Stage(lang="es-MX", trusted_types=True).open(await arrive())
    await says(page, "es")
    assert await page.evaluate(LOADED) == 1
    await settings_of(page)
    await expect(part(page, "dialog")).to_contain_text(shipped()["es"]["settings_text"])
    assert await page.evaluate(LOADED) == 2


async def test_words_that_cannot_be_had_are_those_of_the_sites_own_language(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.context.route(LATER, lambda route: route.abort())
    page = await Stage(lang="es", later=False).open(visitor)
    await says(page, "en")


async def test_the_banner_does_not_wait_for_words_that_hang(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.context.route(LATER, lambda _route: None)
    await visitor.context.clock.install()
    page = await Stage(lang="es", later=False).open(visitor, "parsed")
    await visitor.context.clock.run_for(3000)
    await says(page, "en")
