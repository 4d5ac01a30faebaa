"""First-party mode, in a real browser behind a real nginx: the cookie that the service sets is the script's own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import APIResponse, Browser, BrowserContext, Error, Page, Route, expect

from tests.e2e.behind_nginx import NOTES_COOKIES, Shop, days_left, on_a_path, on_its_domain, opened, set_by
from tests.e2e.conftest import ONCE
from tests.e2e.visiting import acknowledged, came_back, confirmed, flag, opt_out, part
from tests.support.waiting import DEADLINE_MS

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

SIGNALS = "**/v1/acme/signals"
TRY = """async ([url, init]) => {
  const answer = await fetch(url, init).catch(() => null);
  return answer ? [answer.status, await answer.text()] : null;
}"""
ASK_TO_ALLOW = """async (api) => {
  const visitor = document.cookie.split("pc_acme=")[1].split(";")[0].split(".").slice(6).join(".");
  const body = JSON.stringify({sale_share: "opt_in", method: "banner", visitor});
  return (await (await fetch(api + "/v1/acme/choices", {method: "POST", body})).json()).confirm_url;
}"""


@pytest.fixture(scope="module")
def path_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with on_a_path(tmp_path_factory.mktemp("path")) as shop:
        yield shop


@pytest.fixture(scope="module")
def domain_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with on_its_domain(tmp_path_factory.mktemp("domain")) as shop:
        yield shop


@pytest.fixture(params=["path", "domain"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Either way."""
    shop: Shop = request.getfixturevalue(f"{request.param}_shop")
    return shop


@pytest_asyncio.fixture(loop_scope="session")
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A new visitor, whose scripts' cookies are noted."""
    made = await chromium.new_context(ignore_https_errors=True)
    made.set_default_timeout(DEADLINE_MS)
    await made.add_init_script(NOTES_COOKIES)
    yield made
    await made.close()


def undated(cookie: str) -> str:
    """Without the second in which it was made."""
    return re.sub(r"\d{10}", "<as of>", cookie, count=1)


async def written(page: Page) -> list[str]:
    """Return the values that scripts wrote into our cookie on this page."""
    texts: list[str] = await page.evaluate(
        "() => window.written.filter(text => /^(__Host-)?pc_acme=/.test(text))"
    )
    return texts


async def own_cookie(page: Page) -> str:
    """Our cookie, name and value, as the page's scripts see it."""
    cookies: str = await page.evaluate("() => document.cookie")
    [own] = [cookie for cookie in cookies.split("; ") if cookie.startswith("pc_acme=")]
    return own


async def token(page: Page) -> str:
    """The visitor token in the cookie."""
    return (await own_cookie(page)).split(".", 6)[6]


async def answered(route: Route) -> APIResponse:
    """Return the service's answer to this call; only browsers find names below localhost by themselves."""
    parts = urlsplit(route.request.url)
    headers = {**await route.request.all_headers(), "host": parts.netloc}
    return await route.fetch(url=parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl(), headers=headers)


async def without_its_cookie(route: Route) -> None:
    """Let the answer through as if the browser had not taken its cookie."""
    answer = await answered(route)
    headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
    await route.fulfill(response=answer, headers=headers)


async def test_the_answer_sets_the_cookie_for_400_days_and_the_script_leaves_it_alone(
    context: BrowserContext, shop: Shop
) -> None:
    page, answer = await opened(context, shop.url)
    assert answer.url.startswith(shop.api)
    assert (await set_by(answer)).startswith(f"{await own_cookie(page)}; ")
    assert await written(page) == []
    assert 399.9 < await days_left(context) <= 400
    assert (await flag(page))["max_age"] == 300
    await expect(part(page, "banner")).to_be_visible()


async def test_the_script_alone_writes_the_very_same_bytes(context: BrowserContext, shop: Shop) -> None:
    page, answer = await opened(context, shop.url)
    by_service = [await set_by(answer)]
    async with page.expect_response("**/v1/acme/choices") as recorded:
        await opt_out(page)
    by_service.append(await set_by(await recorded.value))

    await page.evaluate("() => localStorage.clear()")
    await context.clear_cookies()
    await context.route("**/v1/acme/*", without_its_cookie)
    page, _ = await opened(context, shop.url)
    await opt_out(page)
    made = [text for text in await written(page) if "Max-Age=0" not in text and ".choice.0." in text]
    first = next(text for text in await written(page) if ".default." in text)
    by_script = [first, made[-1]]
    tokens = re.compile(r"(\.300\.)[^;]+")  # another visitor
    assert [tokens.sub(r"\1", undated(text)) for text in by_script] == [
        tokens.sub(r"\1", undated(text)) for text in by_service
    ]


async def test_over_https_both_say_secure(
    context: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with on_a_path(tmp_path_factory.mktemp("https"), secure=True) as shop:
        page, answer = await opened(context, shop.url)
        assert (await set_by(answer)).startswith("__Host-pc_acme=1.aaa.")
        assert (await set_by(answer)).endswith("; Secure")
        assert await written(page) == []
        await part(page, "opt-out").click()
        assert (await written(page))[0].endswith("; Secure")
        await acknowledged(page)
        cookies = await context.cookies()
        kinds = {(cookie["secure"], cookie["sameSite"], cookie["httpOnly"]) for cookie in cookies}
        assert kinds == {(True, "Lax", False)}


async def test_an_opt_out_is_kept_by_the_answer_and_known_on_the_next_page_without_asking(
    context: BrowserContext, shop: Shop
) -> None:
    page, _ = await opened(context, shop.url)
    async with page.expect_response("**/v1/acme/choices") as recorded:
        await opt_out(page)
    assert ".choice.0." in await set_by(await recorded.value)
    assert [text.split(".")[5] for text in await written(page) if "Max-Age=0" not in text] == ["0"]
    assert 399.9 < await days_left(context) <= 400
    assert shop.server_flag(await token(page))["basis"] == "choice"

    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    again = await context.new_page()
    await again.goto(shop.url)
    assert (await flag(again))["basis"] == "choice"
    assert not await again.evaluate("() => window.sold")
    assert not [url for url in asked if "/v1/" in url]


async def test_on_the_sites_domain_its_other_host_knows_the_opt_out_at_once(
    context: BrowserContext, domain_shop: Shop
) -> None:
    page, _ = await opened(context, domain_shop.url)
    await opt_out(page)
    other = await context.new_page()
    await other.goto(domain_shop.www)
    assert (await flag(other))["basis"] == "choice"
    assert {cookie["domain"] for cookie in await context.cookies()} == {".shop.localhost"}


async def test_on_a_path_the_cookie_stays_on_the_sites_own_host(
    context: BrowserContext, path_shop: Shop
) -> None:
    await opened(context, path_shop.url)
    cookies = await context.cookies()
    assert {(cookie["domain"], cookie["path"]) for cookie in cookies} == {("shop.localhost", "/")}


async def test_a_signal_is_in_the_cookie_and_a_page_view_renews_it(
    context: BrowserContext, shop: Shop
) -> None:
    await context.set_extra_http_headers({"Sec-GPC": "1"})
    page, answer = await opened(context, shop.url)
    assert "=1.dda.gpc.1." in await set_by(answer)
    assert shop.server_flag(await token(page))["gpc"] is True


async def test_an_answer_that_an_opt_out_has_overtaken_never_becomes_the_cookie(
    context: BrowserContext, shop: Shop
) -> None:
    held: asyncio.Queue[Route] = asyncio.Queue()
    await context.route(SIGNALS, lambda route: held.put_nowait(route))
    page = await context.new_page()
    await page.goto(shop.url, wait_until="domcontentloaded")
    asking = await held.get()
    answer = await answered(asking)
    assert "=1.aaa.default." in answer.headers["set-cookie"]

    async with page.expect_event("requestfailed", lambda request: request == asking.request):
        await page.evaluate("() => privacyChoices.optOut()")
    await acknowledged(page)
    with suppress(Error):  # nobody waits for it any more
        await asking.fulfill(response=answer)
    await context.unroute(SIGNALS)
    assert (await flag(page))["basis"] == "choice"
    assert "=1.dda.choice." in await page.evaluate("() => document.cookie")
    again = await context.new_page()
    await again.goto(shop.url)
    assert (await flag(again))["sale"] == "denied"


async def test_an_opt_out_made_while_the_service_is_away_is_not_overwritten_by_a_later_page_view(
    context: BrowserContext, shop: Shop
) -> None:
    await context.route("**/v1/acme/choices", lambda route: route.abort())
    page, _ = await opened(context, shop.url)
    await part(page, "opt-out").click()
    kept = await own_cookie(page)
    view = {"method": "POST", "body": "{}", "credentials": "include"}
    status, _ = await page.evaluate(TRY, [f"{shop.api}/v1/acme/signals", view])
    assert status == 200
    assert await own_cookie(page) == kept


async def test_the_second_step_works_from_the_sites_page_and_comes_back_into_the_cookie(
    context: BrowserContext, shop: Shop
) -> None:
    page, _ = await opened(context, shop.url)
    await opt_out(page)
    await page.evaluate("() => privacyChoices.open()")
    async with context.expect_page() as opening:
        await part(page, "switch").click()
    tab = await opening.value
    await tab.wait_for_url(f"{shop.service}/s/acme/confirm/*")
    async with page.expect_response(SIGNALS) as answer:
        await confirmed(tab)
        await came_back(page)
    assert ".opted_in." in await set_by(await answer.value)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")
    assert 399.9 < await days_left(context) <= 400
    assert await page.evaluate("() => window.sold")


async def test_through_the_recipes_path_a_site_script_finds_no_confirm_page(
    context: BrowserContext, path_shop: Shop
) -> None:
    page, _ = await opened(context, path_shop.url)
    await opt_out(page)
    url: str = await page.evaluate(ASK_TO_ALLOW, path_shop.api)
    for start in ("/privacy", "/privacy/v1/acme/..%2f..", "/privacy/w/%2e%2e"):
        status, text = await page.evaluate(TRY, [start + url.removeprefix(path_shop.service), {}])
        assert status in (400, 404)
        assert "form_token" not in text
    assert path_shop.server_flag(await token(page))["sale"] == "denied"


@pytest.mark.parametrize(("way", "shown"), [("/all", 421), ("/worst", 200)])
async def test_even_a_site_that_leads_everything_to_the_service_cannot_press_its_button(
    context: BrowserContext, path_shop: Shop, way: str, shown: int
) -> None:
    page, _ = await opened(context, path_shop.url)
    await opt_out(page)
    url: str = await page.evaluate(ASK_TO_ALLOW, path_shop.api)
    there = way + url.removeprefix(path_shop.service)
    spoofed = {"headers": {"X-Forwarded-Host": path_shop.service.partition("//")[2]}}
    for init in ({}, spoofed):
        status, text = await page.evaluate(TRY, [there, init])
        assert status == shown
    stolen = text.partition('name="form_token" value="')[2].partition('"')[0]
    form = {"method": "POST", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    status, _ = await page.evaluate(TRY, [there, {**form, "body": f"form_token={stolen}"}])
    assert status in (403, 421)
    assert path_shop.server_flag(await token(page))["sale"] == "denied"
