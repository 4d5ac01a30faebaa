"""The widget for everybody: axe, the keyboard alone, narrow and enlarged windows, themes, paper, and no shift."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from playwright.async_api import Page, expect

from consent_service.texts import shipped
from tests.e2e.accessibility import complaints
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.staging import BODY, Stage, opted_in, settings_of
from tests.e2e.visiting import acknowledged, opt_out, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

LOOKS = list(product(("light", "dark"), ("en", "es")))
SENSITIVE = "sensitive = true"
TITLE = "privacy-choices-title"
WHOLE = "() => document.documentElement.scrollWidth <= innerWidth"
INSIDE = """() => { const {activeElement} = document.querySelector('#privacy-choices').shadowRoot;
  return activeElement && activeElement.closest('dialog') && (activeElement.id || activeElement.tagName); }"""
IN_VIEW = """(element) => { const box = element.getBoundingClientRect();
  const root = document.querySelector('#privacy-choices').shadowRoot;
  const at = [box.x + box.width / 2, box.y + box.height / 2];
  const hit = root.elementFromPoint(...at);
  return element.contains(hit === root.host ? document.elementFromPoint(...at) : hit); }"""
WATCH_SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().filter((entry) => !entry.hadRecentInput)))
  .observe({type: 'layout-shift', buffered: true});"""


@pytest.mark.parametrize(("scheme", "lang"), LOOKS)
async def test_axe_finds_nothing_on_banner_link_settings_and_status(
    arrive: Arrive, scheme: str, lang: str
) -> None:
    visitor = await arrive(color_scheme=scheme)
    page = await Stage(lang=lang, facts=SENSITIVE).open(visitor)
    await expect(part(page, "link")).to_be_visible()
    await expect(part(page, "banner")).to_contain_text(shipped()[lang]["banner_text"])
    assert await complaints(page) == []
    await settings_of(page)
    assert await complaints(page) == []
    await page.get_by_role("switch").first.click()
    await acknowledged(page)
    async with visitor.context.expect_page():
        await page.get_by_role("switch").first.click()
    await expect(part(page, "confirm")).to_be_visible()
    assert await complaints(page) == []
    await page.keyboard.press("Escape")
    await expect(part(page, "status")).to_have_text(shipped()[lang]["opted_out"])
    assert await complaints(page) == []


@pytest.mark.parametrize(("scheme", "lang"), LOOKS)
async def test_axe_finds_nothing_on_the_notice_of_a_conflict(arrive: Arrive, scheme: str, lang: str) -> None:
    visitor = await arrive(color_scheme=scheme)
    stage = Stage(lang=lang)
    await opted_in(visitor, stage)
    page = await stage.open(visitor)
    await expect(part(page, "conflict")).to_contain_text(shipped()[lang]["conflict_text"])
    await expect(part(page, "status")).to_have_text(shipped()[lang]["honored"])
    assert await complaints(page) == []


@pytest.mark.parametrize("facts", ["", 'look = "box"', 'look = "corner"'], ids=["bar", "box", "corner"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 640, 1280])
async def test_in_every_look_both_choices_are_equal_and_all_is_reached_in_any_window(
    arrive: Arrive, facts: str, direction: str, width: int
) -> None:
    """At 200 % a window of 1280 by 800 px has 640 by 400 CSS pixels."""
    height = 400 if width == 640 else 800
    visitor = await arrive(viewport={"width": width, "height": height})
    more = f'{facts}\nlang = "es"\ntexts.es.dir = "{direction}"'
    page = await Stage(lang="es", direction=direction, facts=more).open(visitor)
    optout, keep = part(page, "opt-out"), part(page, "keep")
    one, other = await optout.bounding_box(), await keep.bounding_box()
    assert one is not None
    assert other is not None
    assert (one["width"], one["height"]) == pytest.approx((other["width"], other["height"]), abs=1 / 32)
    assert min(one["width"], one["height"]) >= 44
    assert await looks(page, "opt-out") == await looks(page, "keep")
    assert await page.evaluate(WHOLE)
    for name in ("opt-out", "keep", "close"):
        await part(page, name).focus()
        assert await part(page, name).evaluate(IN_VIEW), name
    await settings_of(page)
    assert await page.evaluate(WHOLE)
    await part(page, "settings-close").click()
    await expect(part(page, "dialog")).to_be_hidden()


async def looks(page: Page, name: str) -> list[str]:
    """Return the measures of a button's prominence."""
    found: list[str] = await part(page, name).evaluate(
        """(button) => ['color', 'background-color', 'font', 'border', 'border-radius', 'opacity', 'padding']
          .map((name) => getComputedStyle(button).getPropertyValue(name))"""
    )
    return found


async def test_a_theme_changes_both_choices_alike(arrive: Arrive) -> None:
    visitor = await arrive()
    style = """#privacy-choices { --privacy-choices-accent: rgb(120, 0, 60);
      --privacy-choices-on-accent: rgb(255, 250, 240);
      --privacy-choices-background: rgb(255, 250, 240); --privacy-choices-radius: 0 }
    #privacy-choices::part(choice) { text-transform: uppercase }
    div { margin: 3em !important; color: red !important; display: none !important }"""
    page = await Stage(style=style).open(visitor)
    await expect(part(page, "opt-out")).to_have_css("background-color", "rgb(120, 0, 60)")
    await expect(part(page, "opt-out")).to_have_css("border-radius", "0px")
    await expect(part(page, "banner")).to_have_css("background-color", "rgb(255, 250, 240)")
    for name in ("opt-out", "keep"):
        await expect(part(page, name)).to_have_css("text-transform", "uppercase")
    assert await looks(page, "opt-out") == await looks(page, "keep")


@pytest.mark.parametrize("tall", [True, False])
async def test_what_has_the_focus_is_never_hidden_under_the_banner(arrive: Arrive, tall: bool) -> None:
    visitor = await arrive(viewport={"width": 360, "height": 600})
    links = "".join(f'<p><a href="/{n}" id="link-{n}">Link {n}</a></p>' for n in range(30 if tall else 8))
    page = await Stage(body=f"<main>{links}</main>", style="html{scroll-padding-bottom:7px}").open(visitor)
    await part(page, "banner").wait_for()
    for number in range(30 if tall else 8):
        await page.keyboard.press("Tab")
        focused = page.locator(f"#link-{number}")
        await expect(focused).to_be_focused()
        assert await focused.evaluate(IN_VIEW), number
    await part(page, "close").click()
    await expect(page.locator("html")).to_have_css("scroll-padding-bottom", "7px")


async def test_by_keys_alone_one_opts_out_and_finds_the_settings(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage(facts=SENSITIVE).open(visitor)
    await part(page, "banner").wait_for()
    assert await page.evaluate("() => document.activeElement === document.body")
    await part(page, "link").wait_for()
    await page.locator("#last").focus()
    walk = [("Tab", name) for name in ("link", "opt-out", "keep", "close")]
    for key, name in [*walk, ("Shift+Tab", "keep"), ("Shift+Tab", "opt-out")]:
        await page.keyboard.press(key)
        assert await focused(page) == name
    await page.keyboard.press("Enter")
    await acknowledged(page)
    assert await focused(page) == "settings"
    await page.keyboard.press("Enter")
    await expect(part(page, "dialog")).to_be_visible()


async def focused(page: Page) -> str:
    """Return the name of our part that has the focus."""
    said: str = await page.evaluate(
        "() => { const {activeElement} = document.querySelector('#privacy-choices').shadowRoot;"
        " return activeElement ? activeElement.id.replace('privacy-choices-', '') : ''; }"
    )
    return said


async def test_the_focus_goes_round_in_the_settings_and_back_to_where_it_was(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage(facts=SENSITIVE).open(visitor)
    await page.locator("#before").focus()
    await settings_of(page)
    assert await page.evaluate(INSIDE) == TITLE
    forth, back = await tour(page, "Tab"), await tour(page, "Shift+Tab")
    assert forth[-1] == back[-1] == TITLE
    assert None not in forth
    assert back[:-1] == list(reversed(forth[:-1]))
    assert len(forth) == 5  # two switches, the way to the page, the cross, and the title again
    await page.keyboard.press("Escape")
    await expect(part(page, "dialog")).to_be_hidden()
    await expect(page.locator("#before")).to_be_focused()


async def tour(page: Page, key: str) -> list[Any]:
    """Return the parts that get the focus one after the other, until the title has it again."""
    stops: list[Any] = []
    while len(stops) < 12 and (not stops or stops[-1] != TITLE):
        await page.keyboard.press(key)
        stops.append(await page.evaluate(INSIDE))
    return stops


async def test_a_choice_in_the_banner_leaves_the_focus_where_somebody_can_go_on(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage().open(visitor)
    await part(page, "keep").focus()
    await page.keyboard.press("Enter")
    await expect(part(page, "banner")).to_have_count(0)
    assert await page.evaluate("() => document.activeElement.id") == "privacy-choices"
    await page.keyboard.press("Tab")
    assert await focused(page) == "link"


async def test_a_switch_says_its_state_and_keeps_its_name(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage(facts=SENSITIVE).open(visitor)
    await settings_of(page)
    said = shipped()["en"]
    for subject in ("sale_share", "sensitive"):
        switch = page.get_by_role("switch", name=said[subject], exact=True)
        row = page.locator(".setting").filter(has=switch)
        await expect(switch).to_have_attribute("aria-checked", "true")
        await expect(row.get_by_role("status")).to_have_text(said[f"{subject}_on"])
        await switch.press("Space")
        await expect(switch).to_have_attribute("aria-checked", "false")
        await expect(row.get_by_role("status")).to_have_text(said[f"{subject}_off"])


@pytest.mark.parametrize("media", [{"forced_colors": "active"}, {"contrast": "more"}])
async def test_in_forced_colours_and_high_contrast_a_switch_still_shows_where_it_stands(
    arrive: Arrive, media: dict[str, Any]
) -> None:
    visitor = await arrive()
    page = await Stage().open(visitor)
    await page.emulate_media(**media)
    await settings_of(page)
    knob = page.locator("dialog .knob")
    start = await knob.bounding_box()
    await page.get_by_role("switch").click()
    end = await knob.bounding_box()
    assert start is not None
    assert end is not None
    assert start["x"] - end["x"] > 10
    colours = await knob.evaluate(
        "(knob) => [getComputedStyle(knob).borderTopColor, getComputedStyle(knob.closest('dialog')).backgroundColor]"
    )
    assert colours[0] != colours[1]
    assert await complaints(page) == []


async def test_no_part_of_the_widget_is_printed(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage().open(visitor)
    await part(page, "banner").wait_for()
    await page.emulate_media(media="print")
    await expect(part(page, "banner")).to_be_hidden()
    await expect(part(page, "link")).to_be_hidden()


@pytest.mark.parametrize("facts", ["", 'look = "box"', 'look = "corner"'], ids=["bar", "box", "corner"])
async def test_nothing_on_the_page_moves_when_something_comes_or_goes(arrive: Arrive, facts: str) -> None:
    visitor = await arrive()
    await visitor.context.add_init_script(WATCH_SHIFTS)
    sticky = "body{display:flex;flex-direction:column;min-height:100vh;margin:0}main{flex:1}"
    for style in ("", sticky):
        stage = Stage(facts=facts, style=style, body=BODY)
        page = await stage.open(visitor)
        await part(page, "link").wait_for()
        if style == "":
            await opt_out(page)
            await part(page, "status-close").click()
        await settings_of(page)
        await page.keyboard.press("Escape")
        # Two frames later every shift has been told.
        await page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        assert await page.evaluate("() => shifts.map(({value}) => value)") == []


async def test_under_trusted_types_and_a_strict_policy_nothing_is_complained_of(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await Stage(trusted_types=True, facts=SENSITIVE).open(visitor)
    await part(page, "banner").wait_for()
    await part(page, "opt-out").click()
    await expect(part(page, "status")).to_have_text(shipped()["en"]["opted_out"])
    await settings_of(page)
    await page.get_by_role("switch").last.click()
    await part(page, "settings-close").click()
    assert visitor.complaints == []
    await expect(part(page, "link").locator("svg")).to_be_visible()


async def test_a_browser_without_constructable_sheets_gets_them_by_the_pages_nonce(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.context.add_init_script("delete CSSStyleSheet.prototype.replaceSync")
    page = await Stage().open(visitor)
    await expect(part(page, "opt-out")).to_have_css("font-weight", "600")
    assert visitor.complaints == []


async def test_the_language_is_the_pages_and_the_host_says_which(arrive: Arrive) -> None:
    visitor = await arrive()
    for lang, spoken in (("es-MX", "es"), ("EN-gb", "en"), ("de", "en"), ("", "en")):
        page = await Stage(lang=lang).open(visitor)
        await expect(page.locator("#privacy-choices")).to_have_attribute("lang", spoken)
        await expect(part(page, "opt-out")).to_have_text(shipped()[spoken]["opt_out"])
    page = await Stage(lang="de", facts='lang = "es"').open(visitor)
    await expect(part(page, "opt-out")).to_have_text(shipped()["es"]["opt_out"])
