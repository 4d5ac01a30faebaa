"""State that holds: with the service away, in several tabs, after going back, in pages that never load again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Guest, Shop, Written, answered, guest, ran, shop
from tests.e2e.visiting import SIGNAL, acknowledged, flag, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

TAG = '<script type="text/plain" data-right="sale share" src="/tag/partner.js"></script>'
DAY = 86_400


async def until_sent(page: Page) -> None:
    """Wait until nothing is left to send."""
    await page.wait_for_function("() => !localStorage.getItem('pc_acme_q')")


async def test_an_opt_out_made_while_the_service_is_away_holds_and_arrives_once(
    chromium: Browser, tmp_path: Path
) -> None:
    with shop(tmp_path) as site:
        site.pages["/"] = Written(body=TAG)
        async with guest(chromium, site) as visitor:
            with site.serving():
                page = await visitor.visit()
                await page.wait_for_function("() => window.ran.length === 1")
            before = int(time.time())
            await part(page, "opt-out").click()
            assert (await flag(page))["sale"] == "denied"
            fresh = await visitor.visit(ready=False)
            assert (await flag(fresh))["basis"] == "choice"
            assert await ran(fresh) == []
            with site.serving():
                back = await visitor.visit()
                await acknowledged(back)
                assert await ran(back) == []
                for tab in (page, fresh, back):
                    await tab.evaluate("() => dispatchEvent(new Event('online'))")
                await until_sent(back)
                await back.wait_for_load_state("networkidle")
                (choice,) = await site.choices()
            assert choice.method == "banner"
            assert choice.made_at is not None
            assert abs(datetime.fromisoformat(choice.made_at).timestamp() - before) < 60
            assert visitor.complaints == []


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all tests that need nothing special."""
    folder = tmp_path_factory.mktemp("shop")
    with shop(folder, 'prior_cmp = ["onetrust", "usprivacy"]\nregimes = ["us-co"]') as site, site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop) -> Shop:
    """The shop, with nothing in it, and a ledger that begins here."""
    await shop_with_service.begin_anew()
    return shop_with_service


async def test_two_tabs_opened_at_once_with_the_signal_are_one_visitor(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop, extra_http_headers={"Sec-GPC": "1"}) as visitor:
        await visitor.context.add_init_script(SIGNAL)
        await asyncio.gather(*(visitor.visit() for _ in range(4)))
        assert visitor.asked == ["signals"]
        entries = await open_shop.entries()
        assert len({entry.subject for entry in entries}) == 1


async def test_two_tabs_that_opt_out_at_once_are_one_visitor(chromium: Browser, open_shop: Shop) -> None:
    open_shop.pages["/"] = Written(body="<script>privacyChoices.optOut()</script>")
    async with guest(chromium, open_shop) as visitor:
        tabs = await asyncio.gather(*(visitor.visit() for _ in range(3)))
        await asyncio.gather(*(until_sent(tab) for tab in tabs))
        await tabs[0].wait_for_load_state("networkidle")
        assert len({entry.subject for entry in await open_shop.entries()}) == 1


async def test_an_opt_out_right_before_the_page_is_left_is_recorded(
    chromium: Browser, open_shop: Shop
) -> None:
    open_shop.pages["/next"] = Written()
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await page.evaluate("() => { privacyChoices.optOut(); location.href = '/next'; }")
        await page.wait_for_url("**/next")
        await answered(page)
        await acknowledged(page)
        (choice,) = await open_shop.choices()
        assert choice.method == "api"


async def test_the_cookie_lives_400_days_and_is_renewed_by_a_visit_that_asks_nobody(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await part(page, "opt-out").click()
        await acknowledged(page)
        first = await visitor.cookie()
        assert abs(first["expires"] - time.time() - 400 * DAY) < 300
        await visitor.context.add_cookies([{**first, "expires": time.time() + DAY}])  # type: ignore[typeddict-item]
        visitor.asked.clear()
        await visitor.visit()
        renewed = await visitor.cookie()
        assert renewed["value"] == first["value"], "what is fresh is not made to look younger"
        assert abs(renewed["expires"] - time.time() - 400 * DAY) < 300
        assert visitor.asked == []


async def test_a_new_view_keeps_flag_link_and_gate_and_asks_again_what_is_stale(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        cookie = await visitor.cookie()
        stale = cookie["value"].replace(cookie["value"].split(".")[4], str(int(time.time()) - DAY // 2))
        await page.evaluate(
            """([stale, tag]) => {
              document.cookie = 'pc_acme=' + stale + '; Path=/';
              history.pushState({}, '', '/second');
              const body = document.createElement('body');
              body.innerHTML = '<a href="#" data-privacy-choices>Choices</a>' + tag;
              document.body.replaceWith(body);
            }""",
            [stale, TAG],
        )
        await page.wait_for_function("() => window.ran.includes('partner')")
        assert visitor.asked == ["signals", "signals"]
        await page.get_by_role("link", name="Choices").click()
        await expect(part(page, "dialog")).to_be_visible()
        assert (await flag(page))["sale"] == "allowed"
        assert visitor.complaints == []


async def test_a_page_that_names_a_region_or_a_consumer_is_answered_so(
    chromium: Browser, open_shop: Shop
) -> None:
    open_shop.pages["/ca"] = Written(body=TAG, data='data-region="us-ca"')
    open_shop.pages["/member"] = Written(body=TAG, data='data-consumer="signed"')
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit("/ca", ready=False)
        assert (await flag(page))["sale"] == "allowed"
        member = await visitor.visit("/member")
        said = await flag(member)
        assert (said["sale"], said["basis"], said["us_privacy"]) == ("denied", "unavailable", "1YYN")
        assert await ran(member) == []
        await expect(part(member, "banner")).to_be_hidden()


async def test_an_opt_out_of_the_consent_tool_before_is_honoured_once_and_recorded_as_such(
    chromium: Browser, open_shop: Shop
) -> None:
    open_shop.pages["/"] = Written(body=TAG)
    value = "isGpcEnabled=0&groups=C0001%3A1%2CC0002%3A1%2CC0004%3A0"
    async with guest(chromium, open_shop) as visitor:
        await visitor.context.add_cookies(
            [{"name": "OptanonConsent", "value": value, "url": open_shop.origin}]
        )
        page = await visitor.visit()
        await acknowledged(page)
        await visitor.visit()
        (choice,) = await open_shop.choices()
        assert (choice.method, choice.sale, choice.share) == ("prior_cmp", "opt_out", "opt_out")
        assert await ran(page) == []
    async with guest(chromium, open_shop) as accepted:
        await accepted.context.add_cookies([{"name": "usprivacy", "value": "1YNN", "url": open_shop.origin}])
        page = await accepted.visit()
        await page.wait_for_function("() => window.ran.length === 1")
        assert (await flag(page))["basis"] == "default"
        assert len(await open_shop.choices()) == 1


SANDBOXED = '<iframe sandbox="allow-scripts" src="/inside"></iframe>'


async def without_cookies(visitor: Guest) -> Page:
    """The shop in a tab in which scripts read and write no cookies; storage works."""
    page = await visitor.context.new_page()
    session = await visitor.context.new_cdp_session(page)
    await session.send("Emulation.setDocumentCookieDisabled", {"disabled": True})
    await page.goto(visitor.shop.origin)
    assert await page.evaluate("() => navigator.cookieEnabled") is False, "nothing was shown"
    await answered(page)
    return page


async def test_where_cookies_are_blocked_an_opt_out_holds_and_nobody_is_minted_twice(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop, extra_http_headers={"Sec-GPC": "1"}) as visitor:
        await visitor.context.add_init_script(SIGNAL)
        page = await without_cookies(visitor)
        assert await open_shop.entries() == [], "a signal mints nobody where no cookie can be kept"
        await page.evaluate("() => privacyChoices.optOut()")
        await acknowledged(page)
        for view in ("/one", "/two"):
            await page.evaluate("(view) => history.pushState({}, '', view)", view)
        other = await without_cookies(visitor)
        await other.wait_for_load_state("networkidle")
        assert visitor.asked == ["signals", "choices"], "nobody is asked in a loop"
        assert len({entry.subject for entry in await open_shop.entries()}) == 1
        assert visitor.complaints == []


async def test_in_a_sandboxed_frame_it_is_denied_and_the_page_goes_on(
    chromium: Browser, open_shop: Shop
) -> None:
    open_shop.pages |= {"/": Written(body=SANDBOXED), "/inside": Written(body=TAG)}
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        (frame,) = [one for one in page.frames if one.url.endswith("/inside")]
        await frame.wait_for_function("() => privacyChoices.ready.then(() => true)")
        assert await frame.evaluate("() => privacyChoices.flag().basis") == "unavailable"
        await frame.evaluate("() => privacyChoices.optOut()")
        assert await frame.evaluate("() => privacyChoices.flag().sale") == "denied"
        assert await frame.evaluate("() => window.ran") == []
        assert visitor.complaints == []
