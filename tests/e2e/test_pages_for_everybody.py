"""The service's own pages for everybody: axe finds nothing, at 200 % and 320 px all is reached, by keys too."""

from __future__ import annotations

from itertools import product

import pytest
from playwright.async_api import Page, expect

from tests.e2e.accessibility import complaints
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.test_choices_page import from_settings
from tests.e2e.visiting import Visitor, confirm_button, part
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

LOOKS = list(product(("light", "dark"), ("en", "es")))
PAGE = "/s/acme/privacy-choices"
WHOLE = "() => document.documentElement.scrollWidth <= innerWidth"

HEADING = """() => {
  const words = document.createRange();
  words.selectNodeContents(document.querySelector('h1'));
  const texts = document.createTreeWalker(document.querySelector('h1'), NodeFilter.SHOW_TEXT);
  const icon = document.querySelector('h1 svg').getBoundingClientRect();
  const tops = new Set();
  let beside = 0;
  for (let text; (text = texts.nextNode()); ) {
    for (const word of text.data.matchAll(/\\S+/g)) {
      words.setStart(text, word.index);
      words.setEnd(text, word.index + word[0].length);
      const box = words.getBoundingClientRect();
      tops.add(Math.round(box.top));
      if (box.top < icon.bottom && box.bottom > icon.top) beside += 1;
    }
  }
  return [tops.size, beside];
}"""
"""JavaScript for the number of the heading's lines, and of its words in the icon's line."""

AIR = """() => {
  const box = (element) => element.getBoundingClientRect();
  const state = document.querySelector('.card strong').closest('p').parentElement;
  const inside = [...state.querySelectorAll('p')].map(box);
  const form = state.closest('section').querySelector('form button');
  return [
    Math.min(...inside.map((one) => one.top)) - box(state.closest('section').querySelector('.quiet')).bottom,
    box(form).top - Math.max(...inside.map((one) => one.bottom)),
  ];
}"""
"""The room in pixels above the state and below it."""


async def opened(visitor: Visitor, demo: Demo, path: str = PAGE) -> Page:
    page = await visitor.context.new_page()
    await page.goto(demo.addresses.service + path)
    return page


@pytest.mark.parametrize(("scheme", "lang"), LOOKS)
async def test_axe_finds_nothing_on_the_way_out_and_in_again(
    arrive: Arrive, demo: Demo, scheme: str, lang: str
) -> None:
    visitor = await arrive(color_scheme=scheme, locale=lang)
    page = await opened(visitor, demo)
    await expect(page.locator("html")).to_have_attribute("lang", lang)
    assert await complaints(page) == []
    await part(page, "opt_out").click()
    await expect(part(page, "did")).to_be_visible()
    assert await complaints(page) == []
    await part(page, "allow").click()
    await expect(confirm_button(page)).to_be_enabled()
    assert await complaints(page) == []
    await confirm_button(page).click()
    await expect(page.get_by_role("status")).to_be_visible()
    assert await complaints(page) == []


@pytest.mark.parametrize(("scheme", "lang"), LOOKS)
async def test_axe_finds_nothing_under_a_signal_in_doubt_or_on_a_dead_confirmation(
    arrive: Arrive, demo: Demo, scheme: str, lang: str
) -> None:
    visitor = await arrive(color_scheme=scheme, locale=lang)
    await visitor.has_signal()
    page = await opened(visitor, demo)
    await expect(part(page, "honored")).to_be_visible()
    assert await complaints(page) == []
    page = await visitor.visit()
    await from_settings(page)
    await page.goto(f"{demo.addresses.service}{PAGE}?lang={lang}")
    await expect(part(page, "honored")).to_be_visible()
    assert await complaints(page) == []
    await part(page, "allow").click()
    await expect(confirm_button(page)).to_be_enabled()
    await expect(page.locator(".note")).to_be_visible()
    assert await complaints(page) == []
    await page.goto(f"{demo.addresses.service}/s/acme/confirm/x")
    assert await complaints(page) == []
    forged = {"name": "pc_own_acme", "value": "forged", "url": demo.addresses.service}
    await visitor.context.add_cookies([forged])  # type: ignore[list-item]
    await page.goto(demo.addresses.service + PAGE)
    await expect(page.locator(".note")).to_be_visible()
    assert await complaints(page) == []


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (360, 1), (640, 2), (1280, 1)])
async def test_nothing_hangs_over_the_edge_and_both_ways_have_the_same_size(
    arrive: Arrive, demo: Demo, width: int, scale: int
) -> None:
    """At 200 % a window of 1280 px has 640 CSS pixels."""
    visitor = await arrive(viewport={"width": width, "height": 600}, device_scale_factor=scale, locale="es")
    page = await opened(visitor, demo)
    assert await page.evaluate(WHOLE)
    await part(page, "opt_out").click()
    await expect(part(page, "did")).to_be_visible()
    assert await page.evaluate(WHOLE)
    one = await part(page, "opt_out").bounding_box()
    other = await part(page, "allow").bounding_box()
    assert one is not None
    assert other is not None
    assert (one["width"], one["height"]) == (other["width"], other["height"])
    assert min(one["width"], one["height"]) >= 44
    await part(page, "allow").click()
    await confirm_button(page).wait_for()
    assert await page.evaluate(WHOLE)


@pytest.mark.parametrize("lang", ["en", "es"])
async def test_on_a_phone_the_icon_stands_behind_its_words_and_the_state_has_room(
    arrive: Arrive, demo: Demo, lang: str
) -> None:
    visitor = await arrive(viewport={"width": 360, "height": 740}, locale=lang)
    page = await opened(visitor, demo)
    lines, beside = await page.evaluate(HEADING)
    assert beside >= 2, "a line of an icon and one word alone is none of the heading"
    assert lines == (1 if lang == "en" else 2)
    above, below = await page.evaluate(AIR)
    assert min(above, below) >= 16


async def test_by_keys_alone_one_opts_out_and_goes_back(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    page = await opened(visitor, demo)
    await pressed_until(page, "opt_out")
    await page.keyboard.press("Enter")
    await expect(part(page, "did")).to_be_visible()
    await pressed_until(page, "back")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{demo.addresses.shop}/")


async def pressed_until(page: Page, name: str) -> None:
    """Press Tab until this part has the focus, as far as a page may reasonably need."""
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await part(page, name).evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reached {name}")


async def test_on_paper_stands_what_is_in_force(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    page = await opened(visitor, demo)
    await part(page, "opt_out").click()
    await part(page, "did").wait_for()
    await page.emulate_media(media="print")
    await expect(part(page, "opt_out")).to_be_visible()
    await expect(part(page, "allow")).to_be_hidden()
    await expect(part(page, "receipt")).to_be_visible()
