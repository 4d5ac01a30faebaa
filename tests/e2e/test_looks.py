"""Looks of the shop's page: complaints, sizes and places; people judge how beautiful it is."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.visiting import opt_out, part, reloaded

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

WIDTHS = [320, 360, 1280]


async def test_the_shop_has_nothing_to_complain_of_under_a_strict_policy(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await opt_out(page)
    await page.get_by_role("link", name="Your Privacy Choices").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await reloaded(page, "still")
    assert visitor.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
async def test_both_choices_have_the_same_size_and_nothing_hangs_over_the_edge(
    arrive: Arrive, width: int
) -> None:
    visitor = await arrive(viewport={"width": width, "height": 800})
    page = await visitor.visit()
    one = await part(page, "opt-out").bounding_box()
    other = await part(page, "keep").bounding_box()
    assert one is not None
    assert other is not None
    # Layout counts in 64ths of a pixel, and shares out what is left over.
    assert (one["width"], one["height"]) == pytest.approx((other["width"], other["height"]), abs=1 / 32)
    assert min(one["height"], one["width"]) >= 44
    assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


async def test_the_banner_takes_no_focus_and_the_keyboard_reaches_both_choices(
    arrive: Arrive,
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    assert await page.evaluate("() => document.activeElement === document.body")
    await part(page, "opt-out").focus()
    await page.keyboard.press("Tab")
    await expect(part(page, "keep")).to_be_focused()
