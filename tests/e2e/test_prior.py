"""The first visit after another consent tool went: what its cookie denies holds, and is recorded once as its word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Guest, Shop, Written, guest, ran, shop
from tests.e2e.visiting import acknowledged, flag, part
from tests.web.prior_cookies import ALL_ON, UUID, optanon

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

TAG: Final = '<script type="text/plain" data-right="sale share" src="/tag/partner.js"></script>'
SITE: Final = 'prior_cmp = ["onetrust"]'
DENIED: Final = {
    "a group of today": (
        f"OptanonConsent=isGpcEnabled=0&consentId={UUID}&interactionCount=1&groups=C0001%3A1%2CC0003%3A1"
        "%2CC0004%3A1%2CC0002%3A1%2CSSPD_BG%3A0&AwaitingReconsent=false"
    ),
    "groups by number": optanon("1%3A1%2CC0003%3A1%2C2%3A1%2C4%3A0%2CC007%3A0%2CC008%3A0"),
    "a group that nobody knows": optanon("C0001%3A1%2CC0004%3A1%2CBG12%3A0"),
    "the signal": optanon(ALL_ON, "isGpcEnabled=1&browserGpcFlag=1"),
    "encoded anew": "OptanonConsent=isGpcEnabled%3D0%26groups%3DC0001%253A1%252CC0004%253A0%26intType%3D2",
    "a byte that is no UTF-8": optanon("C0001%3A1%2CC0004%3A0", "isGpcEnabled=0&zone=heure+d%E9t%E9"),
    "nothing to read": "OptanonConsent=isGpcEnabled=0&datestamp=Wed",
}
ALLOWED: Final = {
    "all on": optanon(ALL_ON),
    "no analytics": optanon("C0001%3A1%2CC0002%3A0%2CC0003%3A0%2CC0004%3A1%2CSSPD_BG%3A1"),
}


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that had another consent tool."""
    with shop(tmp_path_factory.mktemp("shop"), SITE) as site, site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop) -> Shop:
    await shop_with_service.begin_anew()
    shop_with_service.pages["/"] = Written(body=TAG)
    return shop_with_service


async def had(visitor: Guest, cookie: str) -> None:
    """Put the cookies of the tool before into this browser."""
    name, _, value = cookie.partition("=")
    await visitor.context.add_cookies([{"name": name, "value": value, "url": visitor.shop.origin}])


@pytest.mark.parametrize("kind", DENIED)
async def test_an_opt_out_of_any_generation_denies_and_is_recorded_once(
    chromium: Browser, open_shop: Shop, kind: str
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await had(visitor, DENIED[kind])
        page = await visitor.visit()
        await acknowledged(page)
        again = await visitor.visit()
        assert [(await flag(each))["basis"] for each in (page, again)] == ["choice", "choice"]
        assert (await ran(page), await ran(again)) == ([], [])
        await expect(part(again, "banner")).to_be_hidden()
        (choice,) = await open_shop.choices()
        said = (choice.method, choice.sale, choice.share, choice.sensitive)
        assert said == ("prior_cmp", "opt_out", "opt_out", None)


async def test_a_visitor_taken_for_new_is_denied_once_the_earlier_opt_out_is_read(
    chromium: Browser, open_shop: Shop
) -> None:
    """A record of a mere default is no choice: it may stem from when this cookie was not understood."""
    async with guest(chromium, open_shop) as visitor:
        first = await visitor.visit()
        assert (await flag(first))["basis"] == "default"
        await had(visitor, DENIED["a group that nobody knows"])
        page = await visitor.visit()
        await acknowledged(page)
        assert ((await flag(page))["sale"], (await flag(page))["basis"]) == ("denied", "choice")
        await visitor.visit()
        (choice,) = await open_shop.choices()
        assert choice.method == "prior_cmp"


@pytest.mark.parametrize("kind", ALLOWED)
async def test_a_visitor_who_refused_nothing_before_is_one_like_any_other(
    chromium: Browser, open_shop: Shop, kind: str
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await had(visitor, ALLOWED[kind])
        page = await visitor.visit()
        await page.wait_for_function("() => window.ran.length === 1")
        assert (await flag(page))["basis"] == "default"
        await expect(part(page, "banner")).to_be_visible()
        assert await open_shop.choices() == []


async def test_a_sites_own_groups_deny_each_its_right(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    groups = (
        'sensitive = true\n[sites.acme.prior_groups.onetrust]\nsale_share = ["trg"]\nsensitive = ["BG13"]'
    )
    with shop(tmp_path_factory.mktemp("own"), f"{SITE}\n{groups}") as site, site.serving():
        for cookie, wanted in (
            (optanon("snc%3A1%2Ctrg%3A0%2CBG13%3A0"), ("denied", "denied")),
            (optanon("snc%3A1%2Ctrg%3A1%2CBG13%3A0"), ("allowed", "denied")),
            (optanon("snc%3A1%2Ctrg%3A1%2CBG13%3A1%2Cprf%3A0"), ("allowed", "allowed")),
        ):
            async with guest(chromium, site) as visitor:
                await had(visitor, cookie)
                said = await flag(await visitor.visit())
                assert (said["sale"], said["sensitive"]) == wanted
        recorded = {(choice.sale, choice.sensitive) for choice in await site.choices()}
        assert recorded == {("opt_out", "limit"), (None, "limit")}


async def test_a_page_whose_globals_are_its_own_allows_nothing_that_was_refused(
    chromium: Browser, open_shop: Shop
) -> None:
    own = "var decodeURIComponent = (text) => '', atob = 1, parseInt = 2, CHOICES = 3;"
    open_shop.pages["/"] = Written(body=f"{TAG}<script>{own}</script>")
    async with guest(chromium, open_shop) as visitor:
        await had(visitor, DENIED["groups by number"])
        page = await visitor.visit()
        assert (await flag(page))["sale"] == "denied"
        assert await ran(page) == []
