"""Two steps: a signal outranks a stored opt-in, until the visitor affirms on the service's own page."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Response, expect

from consent_service.demo.site_addresses import SERVICE_HOST
from tests.e2e.conftest import Arrive
from tests.e2e.visiting import (
    Visitor,
    acknowledged,
    came_back,
    confirmed,
    flag,
    opt_out,
    part,
    reloaded,
    waited,
)
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def confirmation(visitor: Visitor, page: Page) -> Page:
    """Ask in the settings that sale and sharing be allowed; the tab that opens."""
    await page.get_by_role("link", name="Your Privacy Choices").click()
    async with visitor.context.expect_page() as opened:
        await page.get_by_role("switch").click()
    tab = await opened.value
    await tab.wait_for_url(f"**://{SERVICE_HOST}:*/s/acme/confirm/*")
    return tab


async def test_a_signal_over_a_stored_opt_in_denies_until_two_steps_affirm(
    arrive: Arrive, demo: Demo
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await part(page, "keep").click()
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")

    await visitor.has_signal()
    visitor.asked.clear()
    async with page.expect_response("**/v1/acme/signals") as answer:
        await reloaded(page, "still")
    response: Response = await answer.value
    assert (await response.json())["show"]["conflict"]
    assert (await flag(page))["basis"] == "gpc"
    assert (await flag(page))["sale"] == "denied"
    assert visitor.asked_of_partner == []

    tab = await confirmation(visitor, page)
    await expect(tab.get_by_text("Global Privacy Control")).to_be_visible()
    assert demo.server_flag(await visitor.token())["basis"] == "gpc"  # one step alone changes nothing
    await confirmed(tab)
    await came_back(page)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'affirmed'")
    await expect(page.locator("#adnet-box")).to_contain_text("adnet: tag ran")

    page = await visitor.visit()
    assert (await flag(page))["sale"] == "allowed"
    assert demo.server_flag(await visitor.token())["basis"] == "affirmed"


async def test_after_an_opt_out_the_second_step_brings_the_tag_back(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await opt_out(page)
    page = await visitor.visit()
    tab = await confirmation(visitor, page)
    assert (await flag(page))["sale"] == "denied"
    await confirmed(tab)
    await came_back(page)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")
    await expect(page.locator("#adnet-box")).to_contain_text("adnet: tag ran")


async def test_the_link_back_from_the_confirmation_leads_to_a_page_that_knows(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await opt_out(page)
    tab = await confirmation(visitor, page)
    await confirmed(tab)
    await tab.get_by_role("link", name="Back to").click()
    await waited(tab, "ready")
    assert (await flag(tab))["basis"] == "opted_in"
    assert "#" not in tab.url


async def test_who_comes_back_before_confirming_and_again_after_is_found_both_times(
    arrive: Arrive,
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await opt_out(page)
    tab = await confirmation(visitor, page)
    await came_back(page)
    assert (await flag(page))["basis"] == "choice"
    await tab.bring_to_front()
    await confirmed(tab)
    await came_back(page)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")


async def test_leaving_the_confirmation_page_changes_nothing(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await opt_out(page)
    tab = await confirmation(visitor, page)
    await tab.get_by_role("link", name="Go back without changing anything").click()
    await waited(tab, "ready")
    assert (await flag(tab))["sale"] == "denied"
    assert demo.server_flag(await visitor.token())["sale"] == "denied"


async def test_an_opt_out_ends_an_affirmation(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    await visitor.has_signal()
    page = await visitor.visit()
    tab = await confirmation(visitor, page)
    await confirmed(tab)
    await came_back(page)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'affirmed'")
    await page.evaluate("() => privacyChoices.optOut()")
    await acknowledged(page)
    page = await visitor.visit()
    assert (await flag(page))["sale"] == "denied"
    assert demo.server_flag(await visitor.token())["sale"] == "denied"
