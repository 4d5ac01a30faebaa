"""A hostile script in the shop's page tries all it can; the visitor stays opted out."""

from __future__ import annotations

import pytest
from playwright.async_api import FrameLocator, Page, expect

from consent_service.ledger.entries import ChoiceEntry
from tests.demo.demos import Demo
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.visiting import Visitor, flag, opt_out, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

ASK_TO_ALLOW = """async (token) => {
  const body = JSON.stringify({sale_share: "opt_in", method: "banner", visitor: token});
  const service = new URL(document.querySelector('script[src*="/w/acme"]').src).origin;
  const answer = await fetch(service + "/v1/acme/choices", {method: "POST", body});
  return (await answer.json()).confirm_url;
}"""
FRAME = """([url, cover]) => {
  const frame = document.createElement("iframe");
  frame.name = "framed";
  frame.src = url;
  frame.style.cssText = "position:fixed;inset:0 0 auto;width:100%;height:480px;z-index:9;" + cover.frame;
  document.body.append(frame);
  if (!cover.over) return;
  const over = document.createElement("div");
  over.textContent = "You won. Press here.";
  over.style.cssText = "position:fixed;inset:0;z-index:10;background:#fff;pointer-events:none";
  document.body.append(over);
}"""
COVERS = {
    "something over it": {"frame": "", "over": True},
    "transparent": {"frame": "opacity:0.01", "over": False},
    "mixed away": {"frame": "mix-blend-mode:darken", "over": False},
    "turned": {"frame": "transform:rotate(1deg)", "over": False},
}


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


async def framed(page: Page, url: str, cover: dict[str, object]) -> FrameLocator:
    """The confirmation page in a frame over the upper part of the shop."""
    await page.evaluate(FRAME, [url, cover])
    frame = page.frame_locator("iframe[name=framed]")
    await expect(frame.get_by_role("heading", name="Confirm your choice")).to_be_attached()
    return frame


@ONCE
@pytest.mark.parametrize("cover", COVERS.values(), ids=COVERS)
async def test_a_covered_confirmation_page_takes_no_click(
    arrive: Arrive, demo: Demo, cover: dict[str, object]
) -> None:
    visitor = await arrive()
    page, url = await ask_to_allow(visitor)
    frame = await framed(page, url, cover)
    await expect(part(page, "banner")).to_be_hidden()
    box = await frame.locator("#privacy-choices-confirm").bounding_box()
    assert box is not None
    for _ in range(3):
        await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, delay=500)
    await expect(frame.locator("#privacy-choices-confirm")).to_be_disabled()
    assert await confirmed_entries(demo, await demo.subject(await visitor.token())) == []


@ONCE
async def test_in_a_frame_the_confirmation_page_offers_a_tab_of_its_own(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    page, url = await ask_to_allow(visitor)
    frame = await framed(page, url, {"frame": "", "over": False})
    async with page.expect_popup() as opened:
        await frame.get_by_role("link", name="Open this page in a tab of its own").click()
    tab = await opened.value
    await tab.locator("#privacy-choices-confirm").click()
    await expect(tab.get_by_role("status")).to_have_text("Your choice is recorded")
    assert demo.server_flag(await visitor.token())["basis"] == "opted_in"


@ONCE
async def test_in_a_window_too_small_to_read_the_button_never_wakes(arrive: Arrive) -> None:
    visitor = await arrive()
    _, url = await ask_to_allow(visitor)
    tab = await visitor.context.new_page()
    await tab.set_viewport_size({"width": 150, "height": 70})
    await tab.goto(f"{url}#privacy-choices-confirm")
    await tab.wait_for_function("() => performance.now() > 1500")
    await expect(tab.locator("#privacy-choices-confirm")).to_be_disabled()


@ONCE
async def test_a_stranger_may_not_frame_the_confirmation_page(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    _, url = await ask_to_allow(visitor)
    stranger = await visitor.context.new_page()
    await stranger.goto(f"{demo.addresses.adnet}/pixel")
    await stranger.evaluate(FRAME, [url, {"frame": "", "over": False}])
    await stranger.wait_for_load_state("networkidle")
    frame = stranger.frame_locator("iframe[name=framed]")
    await expect(frame.locator("#privacy-choices-confirm")).to_have_count(0)


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
