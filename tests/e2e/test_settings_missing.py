"""The settings' own file can't be had: the question stands in their place, with the same two choices."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.staging import Stage
from tests.e2e.visiting import part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]
SETTINGS = "**/w/acme.*.js"


@pytest.mark.parametrize("facts", ["", "frictionless = true"], ids=["usual", "frictionless"])
async def test_a_visitor_who_opens_the_settings_sees_the_banner_while_their_file_is_missing(
    arrive: Arrive, facts: str
) -> None:
    page = await Stage(facts=facts).open(await arrive())
    if not facts:
        await part(page, "close").click()
    await expect(part(page, "banner")).to_be_hidden()
    await page.route(SETTINGS, lambda route: route.abort())
    await page.evaluate("() => privacyChoices.open()")
    await expect(part(page, "opt-out")).to_be_focused()
    await part(page, "opt-out").click()
    await expect(part(page, "banner")).to_be_hidden()
    assert await page.evaluate("() => privacyChoices.flag().basis") == "choice"


async def test_the_settings_come_as_soon_as_their_file_can_be_had_again(arrive: Arrive) -> None:
    page = await Stage().open(await arrive())
    await page.route(SETTINGS, lambda route: route.abort())
    await page.evaluate("() => privacyChoices.open()")
    await expect(part(page, "opt-out")).to_be_focused()
    await page.unroute(SETTINGS)
    await page.evaluate("() => privacyChoices.open()")
    await expect(part(page, "dialog")).to_be_visible()
