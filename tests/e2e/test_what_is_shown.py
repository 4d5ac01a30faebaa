"""Parts that the page shows: link, status, notice of a conflict, limiting; and the steps that each way takes."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from consent_service.ledger.entries import ChoiceEntry
from consent_service.texts import shipped
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.staging import BODY, Stage, opted_in, settings_of
from tests.e2e.visiting import Visitor, acknowledged, came_back, confirmed, flag, opt_out, part
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

OUR_LINK = shipped()["en"]["link"]
PLACED = '<footer><a href="/privacy" id="own" data-privacy-choices="icon">Your Privacy Choices</a></footer>'


async def loaded(page: Page) -> None:
    """All of the page is there, and so it is known whether it has a link."""
    await page.wait_for_load_state("load")


async def test_a_page_without_a_link_gets_one_with_title_and_icon(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage().open(visitor)
    link = page.get_by_role("link", name=OUR_LINK, exact=True)
    await expect(link).to_have_count(1)
    box, icon = await link.bounding_box(), await link.locator("svg[aria-hidden=true]").bounding_box()
    assert box is not None
    assert icon is not None
    assert min(box["width"], box["height"]) >= 24
    assert (icon["width"], icon["height"]) == (30, 14)
    await link.click()
    await expect(page.get_by_role("dialog", name=OUR_LINK)).to_be_visible()


async def test_the_link_stands_after_all_of_the_page_and_covers_none_of_it(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage().open(visitor)
    box, last = await part(page, "link").bounding_box(), await page.locator("footer").bounding_box()
    assert box is not None
    assert last is not None
    assert box["y"] >= last["y"] + last["height"]


async def test_a_site_that_places_its_link_gets_the_icon_in_it_and_no_second_link(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage(body=BODY + PLACED).open(visitor)
    await loaded(page)
    await expect(page.get_by_role("link", name=OUR_LINK, exact=True)).to_have_count(1)
    await expect(page.locator("#own svg")).to_have_count(1)
    await page.locator("#own").click()
    await expect(part(page, "dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#own")).to_be_focused()
    await page.evaluate("() => privacyChoices.optOut()")
    await acknowledged(page)
    await expect(page.locator("#own svg")).to_have_count(1)  # drawn again, and still one


async def test_a_site_that_wants_no_link_gets_none(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage(facts="link = false").open(visitor)
    await loaded(page)
    await expect(part(page, "banner")).to_be_visible()
    await expect(part(page, "link")).to_have_count(0)


async def test_the_status_shows_in_words_and_by_a_toggle_that_the_signal_is_honoured(arrive: Arrive) -> None:
    visitor = await arrive(viewport={"width": 360, "height": 740})
    await visitor.has_signal()
    for lang in ("en", "es"):
        page = await Stage(lang=lang).open(visitor)
        status = part(page, "status")
        await expect(status).to_have_role("status")
        await expect(status).to_have_text(shipped()[lang]["honored"])
        box = await page.locator(".status").bounding_box()
        assert box is not None
        assert box["height"] <= 48
        lever = part(page, "settings")
        await expect(lever).to_have_accessible_name(
            f"{shipped()[lang]['sale_share']}: {shipped()[lang]['sale_share_off']}"
        )
        await lever.click()
        await expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
        await expect(page.get_by_text(shipped()[lang]["signal"])).to_be_visible()
        await expect(status).to_be_hidden()  # nothing is said twice
        await page.keyboard.press("Escape")
        await expect(lever).to_be_focused()
    await part(page, "status-close").click()
    await expect(status).to_be_hidden()
    assert (await flag(page))["basis"] == "gpc"


async def test_a_conflict_is_noticed_once_and_staying_opted_out_is_one_step(
    arrive: Arrive, demo: Demo
) -> None:
    visitor = await arrive()
    await opted_in(visitor, Stage())
    page = await Stage().open(visitor)
    await expect(part(page, "conflict")).to_be_visible()
    assert (await flag(page))["sale"] == "denied"
    await part(page, "opt-out").click()
    await acknowledged(page)
    await expect(part(page, "conflict")).to_have_count(0)
    await expect(part(page, "status")).to_have_text(shipped()["en"]["honored"])
    assert demo.server_flag(await visitor.token())["sale"] == "denied"


async def test_a_notice_that_was_shown_does_not_come_again(arrive: Arrive) -> None:
    visitor = await arrive()
    await opted_in(visitor, Stage())
    page = await Stage().open(visitor)
    await expect(part(page, "conflict")).to_be_visible()
    await part(page, "close").click()
    await expect(part(page, "conflict")).to_have_count(0)
    again = await Stage().open(visitor, until="still")
    async with again.expect_response("**/v1/acme/signals") as answer:
        await again.evaluate(
            "() => { document.cookie = 'pc_acme=; Max-Age=0; Path=/'; localStorage.removeItem('pc_acme_d'); }"
        )
        await again.reload()
    assert (await answer.value).ok
    await expect(part(again, "status")).to_have_text(shipped()["en"]["honored"])
    await expect(part(again, "conflict")).to_have_count(0)


async def test_over_a_conflict_allowing_takes_the_second_step(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    await opted_in(visitor, Stage())
    page = await Stage().open(visitor)
    async with visitor.context.expect_page() as opened:
        await part(page, "keep").click()
    tab = await opened.value
    assert demo.server_flag(await visitor.token())["basis"] == "gpc"
    await confirmed(tab)
    await came_back(page)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'affirmed'")
    await expect(part(page, "conflict")).to_have_count(0)


@pytest.mark.parametrize("signal", [False, True], ids=["without a signal", "with a signal"])
async def test_in_frictionless_mode_nothing_appears_until_it_is_asked_for(
    arrive: Arrive, signal: bool
) -> None:
    visitor = await arrive()
    stage = Stage(facts="frictionless = true")
    if signal:
        await opted_in(visitor, Stage())
    page = await stage.open(visitor, until="still")
    shown = page.locator("#privacy-choices .card")
    await expect(shown).to_have_count(0)
    await settings_of(page)
    await expect(page.get_by_role("switch")).to_have_attribute("aria-checked", str(not signal).lower())
    await page.get_by_text(shipped()["en"]["signal"]).wait_for(state="visible" if signal else "hidden")
    await page.keyboard.press("Escape")
    await expect(shown.filter(visible=True)).to_have_count(0)


async def test_limiting_holds_at_once_and_lifting_takes_the_second_step(arrive: Arrive, demo: Demo) -> None:
    before = await demo.ledger()
    visitor = await arrive()
    page = await Stage(facts="sensitive = true").open(visitor)
    await settings_of(page)
    switch = page.get_by_role("switch", name=shipped()["en"]["sensitive"])
    await switch.click()
    assert (await flag(page))["sensitive"] == "denied"
    await page.wait_for_function("() => privacyChoices.flag().max_age > 0")
    (entry,) = await demo.ledger_since(before)
    assert isinstance(entry, ChoiceEntry)
    assert (entry.sensitive, entry.sale, entry.method) == ("limit", None, "settings")
    async with visitor.context.expect_page() as opened:
        await switch.click()
    tab = await opened.value
    assert demo.server_flag(await visitor.token())["sensitive"] == "denied"
    await confirmed(tab)
    await came_back(page)
    await page.wait_for_function("() => privacyChoices.flag().sensitive === 'allowed'")
    await expect(switch).to_have_attribute("aria-checked", "true")


async def test_a_site_without_sensitive_information_says_nothing_of_it(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage().open(visitor)
    await settings_of(page)
    await expect(page.get_by_role("switch")).to_have_count(1)


async def test_opting_out_never_takes_more_steps_than_opting_in(arrive: Arrive, demo: Demo) -> None:
    """CCPA regs § 7004(a)(2)(A), from the same start: the banner, and the link."""
    visitor = await arrive()
    out, in_ = await steps_out(visitor, "banner"), await steps_in(await arrive(), "banner")
    assert (out, in_) == (1, 1)
    by_link_out = await steps_out(await arrive(), "link")
    by_link_in = await steps_in(visitor, "link")
    assert by_link_out == 2
    assert by_link_in == 3
    assert demo.server_flag(await visitor.token())["basis"] == "opted_in"


async def steps_out(visitor: Visitor, start: str) -> int:
    """Return the number of clicks until the service has recorded the opt-out."""
    page = await Stage().open(visitor)
    if start == "banner":
        await opt_out(page)
        return 1
    await part(page, "link").click()
    await page.get_by_role("switch").click()
    await acknowledged(page)
    return 2


async def steps_in(visitor: Visitor, start: str) -> int:
    """Return the number of clicks until the service has recorded the opt-in."""
    page = await Stage().open(visitor)
    if start == "banner":
        await part(page, "keep").click()
        await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")
        return 1
    await part(page, "link").click()
    async with visitor.context.expect_page() as opened:
        await page.get_by_role("switch").click()
    await confirmed(await opened.value)
    await came_back(page)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")
    return 3


REACHABLE = """() => [...document.querySelectorAll('main h2, main p, main img, footer a')].map((element) => {
    element.scrollIntoView({block: 'center', behavior: 'instant'});
    const box = element.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return [element.textContent, box.width, box.height, getComputedStyle(element).opacity, element.contains(top)];
})"""
"""For each thing of the shop: its words and size, and whether a click on it reaches it."""


async def test_rule_11_the_shop_serves_everybody_alike_and_nothing_stands_before_it(arrive: Arrive) -> None:
    served = []
    for kind in ("undecided", "opted out", "signal"):
        visitor = await arrive(viewport={"width": 360, "height": 740})
        if kind == "signal":
            await visitor.has_signal()
        page = await visitor.visit()
        if kind == "opted out":
            await opt_out(page)
        await page.locator("#adnet-box, #flag").evaluate_all(
            "found => found.forEach((one) => one.closest('section').remove())"
        )
        served.append(await page.evaluate(REACHABLE))
        assert not await page.evaluate(
            "() => document.body.matches('[inert]') || getComputedStyle(document.body).overflow === 'hidden'"
        )
    assert served[0] == served[1] == served[2]
    assert len(served[0]) > 10
    assert all(reached for *_, reached in served[0]), served[0]
