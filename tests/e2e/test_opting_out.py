"""A visitor opts out in the banner, and the partner is not asked again."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from consent_service.ledger.entries import ChoiceEntry
from tests.e2e.conftest import Arrive
from tests.e2e.visiting import acknowledged, flag, opt_out, part, reloaded
from tests.support.chromium import ThirdPartyCookies
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PARTNER_WHEN_ALLOWED = {"/tag.js", "/hit", "/pixel"}
LISTEN = (
    "() => { window.heard = []; addEventListener('privacychoices:change', (e) => heard.push(e.detail)); }"
)


async def listen(page: Page) -> None:
    """Collect the page's change events in `window.heard`."""
    await page.evaluate(LISTEN)


async def test_the_tag_runs_at_a_first_visit_and_the_partner_is_never_asked_after_an_opt_out(
    arrive: Arrive, demo: Demo
) -> None:
    visitor = await arrive()
    page = await visitor.visit(until="still")
    await expect(page.locator("#adnet-box")).to_contain_text("adnet: tag ran")
    assert (await flag(page))["basis"] == "default"
    assert set(visitor.asked_of_partner) == PARTNER_WHEN_ALLOWED

    await listen(page)
    await part(page, "opt-out").click()
    heard = await page.evaluate("() => window.heard")
    assert [(said["sale"], said["share"], said["basis"]) for said in heard] == [
        ("denied", "denied", "choice")
    ]
    await acknowledged(page)

    visitor.asked.clear()
    before = demo.partner_log()
    await reloaded(page, "still")
    second = await visitor.visit(until="still")
    for tab in (page, second):
        assert (await flag(tab))["sale"] == "denied"
        await expect(tab.locator("#adnet-box")).to_have_text("Nothing has run here.")
    assert visitor.asked_of_partner == []
    assert demo.partner_log() == before


async def test_an_opt_out_is_in_the_ledger_once_with_how_it_was_made(arrive: Arrive, demo: Demo) -> None:
    before = await demo.ledger()
    visitor = await arrive()
    page = await visitor.visit()
    await opt_out(page)
    (entry,) = await demo.ledger_since(before)
    assert isinstance(entry, ChoiceEntry)
    assert (entry.sale, entry.share, entry.method) == ("opt_out", "opt_out", "banner")
    assert entry.subject == await demo.subject(await visitor.token())
    assert demo.server_flag(await visitor.token())["basis"] == "choice"


async def test_a_tab_that_is_open_hears_of_the_opt_out_in_another(arrive: Arrive) -> None:
    visitor = await arrive()
    first, second = await visitor.visit(), await visitor.visit()
    await listen(first)
    await part(second, "opt-out").click()
    await first.wait_for_function("() => window.heard.length === 1")
    assert (await flag(first))["sale"] == "denied"


async def test_the_sites_other_origin_is_served_as_well(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    page = await visitor.visit(origin=demo.addresses.shop_by_number)
    await expect(page.locator("#adnet-box")).to_contain_text("adnet: tag ran")
    await opt_out(page)
    visitor.asked.clear()
    await reloaded(page, "still")
    assert (await flag(page))["sale"] == "denied"
    assert visitor.asked_of_partner == []


async def test_closing_the_banner_is_no_choice(arrive: Arrive, demo: Demo) -> None:
    before = await demo.ledger()
    visitor = await arrive()
    page = await visitor.visit()
    await part(page, "close").click()
    await expect(part(page, "banner")).to_be_hidden()
    await reloaded(page, "still")
    await expect(part(page, "banner")).to_be_hidden()
    assert await demo.ledger() == before
    assert (await flag(page))["basis"] == "default"


async def test_an_opt_out_that_the_service_could_not_take_is_sent_at_the_next_page(
    arrive: Arrive, demo: Demo
) -> None:
    before = await demo.ledger()
    visitor = await arrive()
    page = await visitor.visit()
    await visitor.context.route("**/v1/acme/choices", lambda route: route.abort())
    async with page.expect_event("requestfailed"):
        await part(page, "opt-out").click()
    assert (await flag(page))["sale"] == "denied"

    await visitor.context.unroute_all()
    visitor.asked.clear()
    await reloaded(page, "still")
    await acknowledged(page)
    (entry,) = await demo.ledger_since(before)
    assert isinstance(entry, ChoiceEntry)
    assert entry.sale == "opt_out"
    assert entry.made_at is not None
    assert visitor.asked_of_partner == []


async def test_this_browser_treats_third_party_cookies_as_the_run_says(
    arrive: Arrive, third_party_cookies: ThirdPartyCookies
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    said = {"allowed": "adnet: tag ran, cookie set", "blocked": "its cookie was blocked by the browser"}
    await expect(page.locator("#adnet-box")).to_contain_text(said[third_party_cookies])
