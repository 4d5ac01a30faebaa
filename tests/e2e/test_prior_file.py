"""The file that reads another consent tool's cookies: fetched where they are, and until it has spoken they deny."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.embedding import Shop, Written, guest, ran, shop
from tests.e2e.staging import Stage, settings_of
from tests.e2e.test_prior import ALLOWED, DENIED, TAG, had
from tests.e2e.visiting import acknowledged, flag, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

SITE: Final = 'prior_cmp = ["onetrust", "usprivacy"]'
PING: Final = """() => new Promise((done) => {
  __gpp("ping", ({signalStatus, gppString}) => done([signalStatus, gppString]));
})"""
CHANGES: Final = """window.changes = [];
addEventListener("privacychoices:change", ({detail}) => window.changes.push(detail.sale));"""


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that had two other consent tools."""
    with shop(tmp_path_factory.mktemp("shop"), SITE) as site, site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop) -> Shop:
    await shop_with_service.begin_anew()
    shop_with_service.pages["/"] = Written(body=TAG, before=f"<script>{CHANGES}</script>")
    return shop_with_service


def reader(site: Shop) -> str:
    """The file's address."""
    script = site.script()
    (digest,) = [digest for digest, body in script.files.items() if body == script.prior]
    return f"**/w/acme.{digest}.js"


async def answers(page: Page) -> tuple[Any, ...]:
    """Return the page flag's word on the sale, and its basis."""
    said = await flag(page)
    return said["sale"], said["basis"]


async def test_where_the_file_cannot_be_had_this_view_is_denied_and_the_next_asks_again(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await had(visitor, ALLOWED["all on"])
        await visitor.context.route(reader(open_shop), lambda route: route.abort())
        page = await visitor.visit()
        assert await answers(page) == ("denied", "unavailable")
        assert await page.evaluate(PING) == ["ready", (await flag(page))["gpp"]]
        assert (await ran(page), visitor.asked, visitor.complaints) == ([], [], [])
        await settings_of(page)
        await visitor.context.unroute(reader(open_shop))
        again = await visitor.visit()
        await again.wait_for_function("() => window.ran.length === 1")
        assert await answers(again) == ("allowed", "default")
        assert await open_shop.choices() == []


async def test_who_chooses_while_the_file_cannot_be_had_has_chosen(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await had(visitor, ALLOWED["all on"])
        await visitor.context.route(reader(open_shop), lambda route: route.abort())
        page = await visitor.visit()
        await page.evaluate("() => privacyChoices.optOut()")
        await acknowledged(page)
        assert await answers(page) == ("denied", "choice")
        (choice,) = await open_shop.choices()
        assert choice.method == "api"


async def test_a_file_that_hangs_is_waited_for_and_then_this_view_is_denied(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await had(visitor, ALLOWED["all on"])
        asked = asyncio.Event()

        async def hang(_route: Route) -> None:
            asked.set()

        await visitor.context.route(reader(open_shop), hang)
        await visitor.context.clock.install()
        page = await visitor.context.new_page()
        # What hangs holds up the page's own `load`.
        await page.goto(open_shop.origin, wait_until="domcontentloaded")
        await asked.wait()
        assert await answers(page) == ("denied", "unavailable")
        assert await page.evaluate(PING) == ["ready", (await flag(page))["gpp"]]
        await visitor.context.clock.run_for(3000)
        await page.evaluate("() => privacyChoices.ready.then(() => true)")
        assert await answers(page) == ("denied", "unavailable")
        assert await page.evaluate(PING) == ["ready", (await flag(page))["gpp"]]
        assert (await ran(page), visitor.asked) == ([], [])


async def test_another_tools_string_outlives_a_view_in_which_it_could_not_be_read(
    chromium: Browser, open_shop: Shop
) -> None:
    """Ours stands under the same name: written over it unread, the opt-out would be lost."""
    async with guest(chromium, open_shop) as visitor:
        await had(visitor, "usprivacy=1YYN")
        await visitor.context.route(reader(open_shop), lambda route: route.abort())
        assert await answers(await visitor.visit()) == ("denied", "unavailable")
        await visitor.context.unroute(reader(open_shop))
        page = await visitor.visit()
        await acknowledged(page)
        (choice,) = await open_shop.choices()
        assert (choice.method, choice.sale) == ("prior_cmp", "opt_out")


async def test_a_cookie_that_refused_nothing_is_read_once_and_then_delays_nobody(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await had(visitor, ALLOWED["all on"])
        fetched: list[str] = []

        async def note(route: Route) -> None:
            fetched.append(route.request.url)
            await route.continue_()

        await visitor.context.route(reader(open_shop), note)
        for _ in range(3):
            page = await visitor.visit()
            await page.wait_for_function("() => window.ran.length === 1")
        assert len(fetched) == 1
        assert await page.evaluate("() => window.changes") == []
        await had(visitor, DENIED["groups by number"])
        changed = await visitor.visit()
        await acknowledged(changed)
        assert (await answers(changed), await ran(changed), len(fetched)) == (("denied", "choice"), [], 2)


async def test_nothing_runs_before_a_word_is_read_that_is_newer_than_a_record_without_a_choice(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        first = await visitor.visit()
        await first.wait_for_function("() => window.ran.length === 1")
        await had(visitor, DENIED["groups by number"])
        page = await visitor.visit()
        await acknowledged(page)
        assert (await answers(page), await ran(page)) == (("denied", "choice"), [])


async def test_a_visitor_without_such_a_cookie_never_fetches_the_file(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await visitor.context.route(reader(open_shop), lambda route: route.abort())
        for _ in range(2):
            page = await visitor.visit()
            await page.wait_for_function("() => window.ran.length === 1")
            assert await answers(page) == ("allowed", "default")


async def test_it_is_read_under_the_strictest_policy_too(arrive: Arrive) -> None:
    visitor = await arrive()
    stage = Stage(facts='prior_cmp = ["onetrust"]', trusted_types=True)
    name, _, value = DENIED["groups by number"].partition("=")
    await visitor.context.add_cookies([{"name": name, "value": value, "url": visitor.demo.addresses.shop}])
    page = await stage.open(visitor)
    assert await answers(page) == ("denied", "choice")
    await expect(part(page, "banner")).to_have_count(0)
