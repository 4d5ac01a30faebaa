"""A hostile script in the shop's page tries all it can; the visitor stays opted out."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from consent_service.ledger.entries import ChoiceEntry
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.visiting import Visitor, confirm_button, flag, opt_out
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

ASK_TO_ALLOW = """async (token) => {
  const body = JSON.stringify({sale_share: "opt_in", method: "banner", visitor: token});
  const service = new URL(document.querySelector('script[src*="/w/acme"]').src).origin;
  const answer = await fetch(service + "/v1/acme/choices", {method: "POST", body});
  return (await answer.json()).confirm_url;
}"""


async def confirmed_entries(demo: Demo, subject: str) -> list[ChoiceEntry]:
    entries = await demo.ledger()
    return [
        entry
        for entry in entries
        if entry.subject == subject and isinstance(entry, ChoiceEntry) and entry.step == "confirmed"
    ]


async def attack(visitor: Visitor) -> str:
    """Let the hostile script do its worst; its report."""
    page = await visitor.visit("/?hostile", until="parsed")
    await page.wait_for_selector("html[data-hostile=done]")
    await page.wait_for_load_state("networkidle")
    return await page.locator("#hostile-report").inner_text()


async def check_still_opted_out(visitor: Visitor, demo: Demo, token: str) -> None:
    assert demo.server_flag(token)["sale"] == "denied"
    assert demo.server_flag(token)["share"] == "denied"
    assert await confirmed_entries(demo, await demo.subject(token)) == []
    visitor.asked.clear()
    page = await visitor.visit(until="still")
    assert (await flag(page))["sale"] == "denied"
    assert visitor.asked_of_partner == []


@pytest.mark.parametrize("signal", [False, True], ids=["opted out by choice", "opted out by signal"])
async def test_a_hostile_script_cannot_opt_the_visitor_in(arrive: Arrive, demo: Demo, signal: bool) -> None:
    visitor = await arrive()
    if signal:
        await visitor.has_signal()
    page = await visitor.visit()
    if not signal:
        await opt_out(page)
    token = await visitor.token()

    report = await attack(visitor)
    assert "202" in report, "the service did not even answer: nothing was shown"
    assert "confirm: a hidden frame: closed to this page" in report
    assert "allowed" not in report.partition("forged clicks")[2]
    await check_still_opted_out(visitor, demo, token)


async def ask_to_allow(visitor: Visitor) -> tuple[Page, str]:
    """An opted-out visitor's page, and the address of a confirmation page for them."""
    page = await visitor.visit()
    await opt_out(page)
    url: str = await page.evaluate(ASK_TO_ALLOW, await visitor.token())
    assert url
    return page, url


@ONCE
async def test_in_a_window_too_small_to_read_the_button_never_wakes(arrive: Arrive) -> None:
    visitor = await arrive()
    _, url = await ask_to_allow(visitor)
    tab = await visitor.context.new_page()
    await tab.set_viewport_size({"width": 150, "height": 70})
    await tab.goto(f"{url}#:~:text=Confirm")
    await tab.wait_for_function("() => performance.now() > 5000")
    await expect(confirm_button(tab)).to_be_disabled()


@ONCE
async def test_what_a_page_hangs_on_all_objects_leads_the_script_to_nobody_else(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.context.add_init_script(
        "Object.prototype.api = 'http://stranger.localhost:1'; Object.prototype.no_string_cookies = true"
    )
    page = await visitor.visit(until="still")
    assert visitor.asked_of("stranger.localhost") == []
    assert (await flag(page))["max_age"] == 300
    assert "usprivacy=1YNN" in await page.evaluate("() => document.cookie")
