"""Tags under the script: in order, once, however they came, under strict policies, and after an opt-out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Guest, Shop, Written, guest, ran, shop
from tests.e2e.visiting import acknowledged, flag, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

TAG = '<script type="text/plain" data-right="sale share" src="/tag/{name}.js"></script>'
INLINE = '<script type="text/plain" data-right="sale">window.ran.push("{name}")</script>'
PARTNER = """
[partners.adnet]
name = "adnet"
domains = ["adnet.localhost"]
sites = ["acme"]
cookies = ["_adnet", "_ad_*"]
storage = ["adnet:*"]
"""
# The ways in which frameworks put markup into a page; each is given the same two tags.
INSERTS = {
    "cloned from a template": """(html) => {
      const template = document.createElement('template');
      template.innerHTML = html;
      document.body.append(template.content.cloneNode(true));
    }""",
    "by innerHTML of an element that is then cloned": """(html) => {
      const box = document.createElement('div');
      box.innerHTML = html;
      document.body.append(box.cloneNode(true));
    }""",
    "from a fragment made by a range": """(html) => {
      document.body.append(document.createRange().createContextualFragment(html));
    }""",
    "node by node": """(html) => {
      const parsed = new DOMParser().parseFromString(html, 'text/html');
      for (const found of parsed.querySelectorAll('script')) {
        const made = document.createElement('script');
        for (const {name, value} of found.attributes) made.setAttribute(name, value);
        made.text = found.text;
        document.body.insertAdjacentElement('beforeend', made);
      }
    }""",
    "straight into the body": "(html) => document.body.insertAdjacentHTML('beforeend', html)",
}
DRAW_ANEW = """() => {
  const tags = Array.from(document.querySelectorAll('script[data-right]'));
  for (const old of tags) {
    const fresh = document.createElement('script');
    for (const {name, value} of old.attributes) fresh.setAttribute(name, value);
    fresh.text = old.text;
    old.parentNode.removeChild(old);
    document.body.append(fresh);
  }
  return new Promise((done) => setTimeout(done));
}"""
STRICT = (
    "default-src 'none'; img-src data:; connect-src {service}; frame-src 'self'; base-uri 'none'; "
    "script-src 'nonce-n0nce' 'strict-dynamic'; require-trusted-types-for 'script'; trusted-types privacy-choices"
)


async def numbers(page: Page, count: int) -> list[str]:
    """Return the names of the tags that ran, once so many have."""
    await page.wait_for_function(f"() => window.ran.length >= {count}")
    await page.wait_for_load_state("networkidle")
    return await ran(page)


async def opted_out(page: Page) -> None:
    await part(page, "opt-out").click()
    await acknowledged(page)


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all of these tests."""
    with shop(tmp_path_factory.mktemp("shop"), "debug = true" + PARTNER) as site, site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop) -> Shop:
    """The shop, with nothing in it."""
    await shop_with_service.begin_anew()
    return shop_with_service


async def test_thirty_tags_run_in_order(chromium: Browser, open_shop: Shop) -> None:
    kinds = (TAG, INLINE, TAG.replace("src=", "data-src="))
    tags = [kinds[place % 3].replace("{name}", str(place)) for place in range(30)]
    open_shop.pages["/"] = Written(head="".join(tags[:10]), body="".join(tags[10:]))
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        assert await numbers(page, 30) == [str(place) for place in range(30)]
        assert visitor.complaints == []


@pytest.mark.parametrize("way", INSERTS.values(), ids=INSERTS)
async def test_what_a_framework_adds_runs_once_and_in_order(
    chromium: Browser, open_shop: Shop, way: str
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await page.evaluate(way, TAG.format(name="first") + INLINE.format(name="second"))
        assert await numbers(page, 2) == ["first", "second"]
        await page.evaluate(DRAW_ANEW)
        await page.wait_for_load_state("networkidle")
        assert await ran(page) == ["first", "second"], "drawing anew runs nothing again"
        assert visitor.complaints == []


async def test_what_the_page_writes_while_it_is_parsed_runs_in_its_place(
    chromium: Browser, open_shop: Shop
) -> None:
    written = TAG.format(name="written").replace("</", r"<\/")
    body = f"{TAG.format(name='before')}<script>document.write('{written}')</script>{INLINE.format(name='after')}"
    open_shop.pages["/"] = Written(body=body)
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        assert await numbers(page, 3) == ["before", "written", "after"]


async def test_the_same_tag_in_two_places_runs_in_both(chromium: Browser, open_shop: Shop) -> None:
    open_shop.pages["/"] = Written(body=INLINE.format(name="slot") * 2)
    async with guest(chromium, open_shop) as visitor:
        assert await numbers(await visitor.visit(), 2) == ["slot", "slot"]


async def test_tags_run_where_trusted_types_are_demanded(chromium: Browser, open_shop: Shop) -> None:
    policy = STRICT.format(service=open_shop.service)
    tags = TAG.format(name="outer") + INLINE.format(name="inner")
    open_shop.pages["/"] = Written(body=tags, policy=policy, nonce="n0nce")
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit("/?privacy-debug")
        assert await numbers(page, 2) == ["outer", "inner"]
        await expect(page.get_by_role("region", name="Privacy choices, debug")).to_be_visible()
        assert visitor.complaints == []


async def leave_traces(page: Page) -> None:
    """Leave what a partner's tag leaves in the site."""
    await page.evaluate(
        """() => {
          document.cookie = '_adnet=1; Path=/';
          document.cookie = '_ad_session=2; Path=/shop';
          document.cookie = 'cart=3; Path=/';
          localStorage.setItem('adnet:id', 'x');
          localStorage.setItem('cart', 'y');
          sessionStorage.setItem('adnet:seen', 'z');
        }"""
    )


async def names_left(visitor: Guest, page: Page) -> set[str]:
    stored: list[str] = await page.evaluate(
        "() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]"
    )
    kept = [str(cookie.get("name")) for cookie in await visitor.context.cookies()]
    ours = ("pc_", "usprivacy", "__gpp")
    return {name for name in [*stored, *kept] if not name.startswith(ours)}


async def test_a_partners_traces_are_gone_after_an_opt_out_and_at_each_later_page(
    chromium: Browser, open_shop: Shop
) -> None:
    open_shop.pages["/shop/lamps"] = Written()
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit("/shop/lamps")
        await leave_traces(page)
        assert len(await names_left(visitor, page)) == 5
        await opted_out(page)
        assert await names_left(visitor, page) == {"cart"}
        await leave_traces(page)
        later = await visitor.visit("/shop/lamps")
        assert await names_left(visitor, later) == {"cart"}
        assert (await flag(later))["basis"] == "choice", "our own cookie stays"


async def test_a_partners_frame_is_emptied_by_an_opt_out(chromium: Browser, open_shop: Shop) -> None:
    open_shop.pages["/frame"] = Written(body="an advertisement")
    open_shop.pages["/"] = Written(body='<iframe data-right="share" data-src="/frame"></iframe>')
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await expect(page.frame_locator("iframe[data-right]").get_by_text("an advertisement")).to_be_visible()
        steps = await page.evaluate("() => history.length")
        await opted_out(page)
        await expect(page.frame_locator("iframe[data-right]").get_by_text("an advertisement")).to_have_count(
            0
        )
        assert await page.locator("iframe[data-right]").get_attribute("src") is None
        assert await page.evaluate("() => history.length") == steps


@pytest.mark.parametrize(
    ("body", "loads"), [(INLINE.format(name="tag"), 2), ("", 1)], ids=["ran", "none ran"]
)
async def test_a_page_on_which_a_tag_had_run_is_loaded_again_once(
    chromium: Browser, tmp_path: Path, body: str, loads: int
) -> None:
    with shop(tmp_path, "reload_on_opt_out = true") as site, site.serving():
        site.pages["/"] = Written(body=body)
        async with guest(chromium, site) as visitor:
            page = await visitor.visit()
            if body:
                await numbers(page, 1)
            loaded: list[str] = []
            page.on("domcontentloaded", lambda _page: loaded.append("again"))
            await part(page, "opt-out").click()
            await page.wait_for_function(
                "(loads) => loads === 1 ? privacyChoices.flag().max_age > 0 : window.ran.length === 0",
                arg=loads,
            )
            await acknowledged(page)
            await page.wait_for_load_state("networkidle")
            assert len(loaded) == loads - 1
            assert await ran(page) == []
            assert len(await site.choices()) == 1


async def test_the_debug_panel_says_what_is_held_and_why(chromium: Browser, open_shop: Shop) -> None:
    open_shop.pages["/"] = Written(
        body=INLINE.format(name="allowed")
        + TAG.format(name="other").replace("sale share", "share sensitive nothing")
    )
    async with guest(chromium, open_shop) as visitor:
        plain = await visitor.visit("/")
        await expect(plain.locator("#privacy-choices-debug")).to_have_count(0)
        page = await visitor.visit("/?privacy-debug=1")
        panel = page.get_by_role("region", name="Privacy choices, debug")
        await expect(panel).to_contain_text("not allowed: nothing")
        await expect(panel).to_contain_text("Released (1)")
        await opted_out(page)
        await expect(panel).to_contain_text("not allowed: share, nothing")
        await panel.get_by_role("button", name="Close").click()
        await expect(panel).to_have_count(0)
