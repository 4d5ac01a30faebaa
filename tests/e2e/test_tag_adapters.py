"""Tags of others hear what may be done, in their own words and before they begin: their queues, in order."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from consent_service.config import parse_config
from consent_service.embed.site_script import script_of
from tests.docs.pages import ROOT
from tests.e2e.conftest import ONCE
from tests.e2e.embedding import SITE, Guest, Shop, Written, answered, guest, shop
from tests.e2e.partners import FACTS as BLOCKED
from tests.e2e.visiting import SIGNAL, acknowledged, came_back, confirmed, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

TAGS = """
[sites.acme.tags]
google_consent_mode = true
google_restricted_data_processing = true
meta_limited_data_use = true
microsoft_uet = true
data_layer = true
"""
OTHERS = (ROOT / "widget" / "test" / "tags.html").read_text(encoding="utf-8")
COME = "() => { pixelComes(); uetComes(); publishersAdsCome(); }"
SCRIPT = "**/w/acme*.js"
LIMITED: list[Any] = ["dataProcessingOptions", ["LDU"], 1, 1000]
UNLIMITED: list[Any] = ["dataProcessingOptions", []]

Heard = dict[str, list[Any]]


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """With a blocked partner too: the guard stands between stub and tags."""
    with shop(tmp_path_factory.mktemp("tags"), TAGS + BLOCKED) as site, site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop) -> Shop:
    """The shop with everybody's tags behind the snippet, and a ledger that begins here."""
    await shop_with_service.begin_anew()
    shop_with_service.pages["/"] = Written(head=OTHERS)
    return shop_with_service


async def heard(page: Page) -> Heard:
    """Return the commands that each tag got since the page began."""
    told: Heard = await page.evaluate("() => heard()")
    return told


def commands(told: Heard, *begin: str) -> list[list[Any]]:
    """Return the rest of each of Google's commands that begins so."""
    given = [entry[1:] for entry in told["dataLayer"] if isinstance(entry, list)]
    return [command[len(begin) :] for command in given if tuple(command[: len(begin)]) == begin]


def consents(told: Heard) -> list[tuple[str, str]]:
    """Google's consent commands: default or update, and the one state of all four storages."""
    given = commands(told, "consent")
    for _word, states in given:
        assert set(states) == {"ad_storage", "ad_user_data", "ad_personalization", "analytics_storage"}
        assert len(set(states.values())) == 1
    return [(word, states["ad_storage"]) for word, states in given]


def events(told: Heard) -> list[dict[str, Any]]:
    """The plain events of the data layer."""
    return [entry["privacy_choices"] for entry in told["dataLayer"] if isinstance(entry, dict)]


def assert_begun(told: Heard, *, denied: bool) -> None:
    """Everybody heard it before they began, and nothing since."""
    state = "denied" if denied else "granted"
    assert consents(told) == [("default", state)]
    (event,) = events(told)
    names = [entry["event"] if isinstance(entry, dict) else entry[1:3] for entry in told["dataLayer"]]
    assert names == [
        ["consent", "default"],
        ["set", "ads_data_redaction"],
        ["set", "restricted_data_processing"],
        "privacy_choices",
        ["config", "G-1"],
    ]
    assert commands(told, "set", "restricted_data_processing") == [[denied]]
    assert ("denied" in (event["sale"], event["share"])) is denied
    assert told["fbq"] == [LIMITED if denied else UNLIMITED, ["init", "1"]]
    assert told["uetq"][:3] == ["consent", "default", {"ad_storage": state}]
    assert told["googletag"] == [{"restrictDataProcessing": denied}, "ads"]


def assert_turned(told: Heard, *states: str) -> None:
    """Everybody heard these states one after the other, each once."""
    words = ["default", *["update"] * (len(states) - 1)]
    denied = [state == "denied" for state in states]
    assert consents(told) == list(zip(words, states, strict=True))
    assert commands(told, "set", "restricted_data_processing") == [[one] for one in denied]
    assert [event["sale"] == "denied" for event in events(told)] == denied
    options = [given for given in told["fbq"] if given != ["init", "1"]]
    assert options == [LIMITED if one else UNLIMITED for one in denied]
    assert [said["ad_storage"] for said in told["uetq"] if isinstance(said, dict)] == list(states)
    settings = [said["restrictDataProcessing"] for said in told["googletag"] if said != "ads"]
    assert settings == denied


async def test_where_nothing_is_stored_the_default_is_told(chromium: Browser, open_shop: Shop) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await page.evaluate(COME)
        assert_begun(await heard(page), denied=False)
        assert visitor.complaints == []


async def test_the_signal_is_told_before_any_tag_begins(chromium: Browser, open_shop: Shop) -> None:
    async with guest(chromium, open_shop, extra_http_headers={"Sec-GPC": "1"}) as visitor:
        await visitor.context.add_init_script(SIGNAL)
        page = await visitor.visit()
        await page.evaluate(COME)
        told = await heard(page)
        assert_begun(told, denied=True)
        assert [(event["basis"], event["gpc"]) for event in events(told)] == [("gpc", True)]


async def opted_out(visitor: Guest) -> None:
    """Opt out in the banner of a page that is left again."""
    page = await visitor.visit()
    await part(page, "opt-out").click()
    await acknowledged(page)
    await page.close()


async def test_an_opt_out_on_an_earlier_page_is_told_with_the_script_and_without(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await opted_out(visitor)
        page = await visitor.visit()
        await page.evaluate(COME)
        assert_begun(await heard(page), denied=True)
        await visitor.context.route(SCRIPT, lambda route: route.abort())
        alone = await visitor.visit(ready=False)
        await alone.evaluate(COME)
        assert_begun(await heard(alone), denied=True)


async def test_an_opt_out_of_sharing_alone_restricts_everybody(chromium: Browser, open_shop: Shop) -> None:
    """As the service's API may record it; the widget's own choices are about both."""
    choose = """async (service) => {
      const body = JSON.stringify({share: 'opt_out', method: 'page'});
      const answer = await fetch(service + '/v1/acme/choices', {method: 'POST', body});
      const {flag, visitor} = await answer.json();
      const letters = [flag.sale, flag.share, flag.sensitive].map((said) => said[0]).join('');
      const record = ['1', letters, flag.basis, '0', Math.floor(Date.now() / 1e3), flag.max_age, visitor];
      document.cookie = 'pc_acme=' + record.join('.') + '; Path=/';
      return [flag.sale, flag.share];
    }"""
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        assert await page.evaluate(choose, open_shop.service) == ["allowed", "denied"]
        page = await visitor.visit()
        await page.evaluate(COME)
        told = await heard(page)
        assert_begun(told, denied=True)
        assert [(event["sale"], event["share"]) for event in events(told)] == [("allowed", "denied")]


async def test_an_opt_out_on_the_page_and_the_second_step_back_are_told_once_each(
    chromium: Browser, open_shop: Shop
) -> None:
    open_shop.pages["/"] = Written(head=OTHERS, body='<a href="#" data-privacy-choices>Choices</a>')
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await page.evaluate(COME)
        await part(page, "opt-out").click()
        await acknowledged(page)
        assert_turned(await heard(page), "granted", "denied")
        await page.get_by_role("link", name="Choices").click()
        async with visitor.context.expect_page() as opened:
            await page.get_by_role("switch").click()
        tab = await opened.value
        await confirmed(tab)
        await came_back(page)
        await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")
        assert_turned(await heard(page), "granted", "denied", "granted")
        assert visitor.complaints == []


async def test_an_opt_out_in_another_tab_is_told_in_this_one(chromium: Browser, open_shop: Shop) -> None:
    async with guest(chromium, open_shop) as visitor:
        page, other = await visitor.visit(), await visitor.visit()
        await page.evaluate(COME)
        await part(other, "opt-out").click()
        await page.wait_for_function("() => privacyChoices.flag().sale === 'denied'")
        assert_turned(await heard(page), "granted", "denied")


async def test_with_the_script_blocked_an_opt_out_that_the_page_makes_is_told(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await visitor.context.route(SCRIPT, lambda route: route.abort())
        page = await visitor.visit(ready=False)
        await page.evaluate(COME)
        assert_begun(await heard(page), denied=False)
        await page.evaluate("() => privacyChoices.optOut()")
        assert_turned(await heard(page), "granted", "denied")
        assert visitor.complaints == []


async def test_with_the_service_down_an_opt_out_is_told_here_and_on_the_next_page(
    chromium: Browser, tmp_path: Path
) -> None:
    with shop(tmp_path, TAGS) as site:
        site.pages["/"] = Written(head=OTHERS)
        async with guest(chromium, site) as visitor:
            with site.serving():
                page = await visitor.visit()
            await page.evaluate(COME)
            await page.evaluate("() => privacyChoices.optOut()")
            assert_turned(await heard(page), "granted", "denied")
            fresh = await visitor.visit(ready=False)
            await fresh.evaluate(COME)
            assert_begun(await heard(fresh), denied=True)


async def test_a_pixel_of_the_pages_own_making_hears_by_the_time_the_page_is_there(
    chromium: Browser, open_shop: Shop
) -> None:
    """A browser's globals: a function takes the accessor's place, a `let` hides it."""
    async with guest(chromium, open_shop) as visitor:
        await visitor.context.add_init_script(SIGNAL)
        await visitor.context.route(SCRIPT, lambda route: route.abort())
        for way in ("function fbq(...given) {", "let fbq = (...given) => {", "window.fbq = (...given) => {"):
            calls = f"const calls = []; {way} calls.push(given); }}; fbq('init', '1');"
            open_shop.pages["/"] = Written(head=f"<script>{calls}</script>")
            page = await visitor.visit(ready=False)
            assert await page.evaluate("() => calls") == [["init", "1"], LIMITED], way
        assert visitor.complaints == []


@asynccontextmanager
async def strict(chromium: Browser, open_shop: Shop, more: str = "") -> AsyncIterator[Page]:
    """A page on which nothing inline runs but what the printed hash lets, and `more`."""
    inline = script_of(parse_config(open_shop.text, {}), SITE, int(time.time())).inline_hash
    policy = (
        f"default-src 'none'; script-src {inline} {open_shop.service}{more}; connect-src {open_shop.service}"
    )
    open_shop.pages["/strict"] = Written(policy=policy)
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit("/strict", ready=False)
        await answered(page)
        yield page


async def test_one_hash_lets_stub_and_tags_run_under_a_strict_policy(
    chromium: Browser, open_shop: Shop
) -> None:
    async with strict(chromium, open_shop) as page:
        assert await page.evaluate("() => window.ran") is None, "nothing else inline has run"
        assert await page.evaluate("() => [dataLayer.length, uetq.length, googletag.cmd.length]") == [4, 3, 1]
        await page.evaluate("() => privacyChoices.optOut()")
        assert await page.evaluate("() => uetq.slice(3)") == ["consent", "update", {"ad_storage": "denied"}]


REGIONS = """regimes = ["elsewhere"]
[sites.acme.tags]
google_consent_mode = true
analytics_storage = "granted"
regions = ["US-CA"]
"""


async def test_a_default_that_denies_binds_in_its_regions_until_the_service_answers(
    chromium: Browser, tmp_path: Path
) -> None:
    def storages(state: str, **more: object) -> dict[str, object]:
        ads = dict.fromkeys(("ad_storage", "ad_user_data", "ad_personalization"), state)
        return ads | {"analytics_storage": "granted"} | more

    begun = [
        ["default", storages("granted")],
        ["default", storages("denied", region=["US-CA"], wait_for_update=500)],
    ]
    with shop(tmp_path, REGIONS) as site, site.serving():
        site.pages["/"] = Written(head=OTHERS)
        async with guest(chromium, site) as visitor:
            await visitor.context.route(SCRIPT, lambda route: route.abort())
            page = await visitor.visit(ready=False)
            assert commands(await heard(page), "consent") == begun
        async with guest(chromium, site) as visitor:
            page = await visitor.visit()
            assert commands(await heard(page), "consent") == [*begun, ["update", storages("granted")]]
