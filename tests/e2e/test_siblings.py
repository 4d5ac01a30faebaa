"""The owner of a sibling subdomain can make a visitor denied and nobody allowed: cookies set, pushed out, forged."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.e2e.conftest import ONCE
from tests.e2e.siblings import (
    EVIL_HOST,
    HOST_COOKIE,
    MIRROR,
    PLAIN_COOKIE,
    Mode,
    Site,
    beside_a_sibling,
)
from tests.e2e.visiting import came_back, confirmed, flag, opt_out, part
from tests.support.nginx import SITE_HOST
from tests.support.waiting import DEADLINE_MS, eventually_async

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

DAY = 86_400
SIGNALS = "**/v1/acme/signals"
SET = "(cookies) => { for (const cookie of cookies) document.cookie = cookie; return document.cookie }"
"""Reading waits until all are written."""


@pytest.fixture(scope="module", params=["script", "first-party"])
def mode(request: pytest.FixtureRequest) -> Mode:
    mode: Mode = request.param
    return mode


@pytest.fixture(scope="module")
def site(mode: Mode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site where nothing is denied by default."""
    with beside_a_sibling(tmp_path_factory.mktemp("allowing"), mode) as site:
        yield site


@pytest.fixture(scope="module")
def asking(mode: Mode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site where everything is denied until somebody opts in."""
    with beside_a_sibling(tmp_path_factory.mktemp("asking"), mode, "elsewhere") as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A new visitor."""
    async with await chromium.new_context(ignore_https_errors=True) as made:
        made.set_default_timeout(DEADLINE_MS)
        yield made


async def visit(context: BrowserContext, address: str) -> Page:
    """Open a page; where it has the script, wait for its answer."""
    page = await context.new_page()
    await page.goto(address, wait_until="load")
    if not address.endswith("/stub.html"):
        await page.evaluate("() => privacyChoices.ready.then(() => true)")
    return page


async def evil_sets(context: BrowserContext, site: Site, *cookies: str) -> None:
    """A page of the sibling sets these cookies."""
    page = await context.new_page()
    await page.goto(site.evil)
    await page.evaluate(SET, list(cookies))
    await page.close()


def forged(token: str = "", *, ahead: int = 0, max_age: int = 300, basis: str = "opted_in") -> str:
    """A cookie of the sibling's that allows everything."""
    as_of = int(time.time()) + ahead
    return f"{PLAIN_COOKIE}=1.aaa.{basis}.0.{as_of}.{max_age}.{token}; Path=/; Domain={SITE_HOST}; Secure"


AS_OF = 4
"""Index of the second of an answer in a cookie's text."""
FORGED = {
    "of now": forged(),
    "that overrides the signal": forged(basis="affirmed"),
    "of tomorrow": forged(ahead=DAY - 60),
    "of next year": forged(ahead=365 * DAY),
    "good for a year": forged(max_age=365 * DAY),
}


async def names(context: BrowserContext) -> dict[str, str]:
    """The cookies of the site's own host, by name."""
    kept = await context.cookies()
    return {one["name"]: one["value"] for one in kept if one["domain"] == SITE_HOST}


async def pushed_out(context: BrowserContext, site: Site) -> None:
    """The sibling sets so many cookies that the browser drops those of the site."""
    padding = [f"pad{number}=1; Path=/; Domain={SITE_HOST}; Secure" for number in range(400)]
    await evil_sets(context, site, *padding)
    assert not {HOST_COOKIE, PLAIN_COOKIE} & set(await names(context)), "nothing was shown"


async def everywhere_denied(context: BrowserContext, site: Site) -> Page:
    """The stub alone denies, and so does the script."""
    assert (await flag(await visit(context, site.stub)))["sale"] == "denied"
    page = await visit(context, site.url)
    said = await flag(page)
    assert (said["sale"], said["share"]) == ("denied", "denied")
    return page


async def test_forged_cookies_beside_ours_leave_an_opted_out_visitor_denied(
    context: BrowserContext, site: Site
) -> None:
    await opt_out(await visit(context, site.url))
    for cookie in FORGED.values():
        await evil_sets(context, site, cookie)
        await everywhere_denied(context, site)


@pytest.mark.parametrize("kind", ["of now", "of next year"])
async def test_a_forged_cookie_in_the_place_of_ours_leaves_an_opted_out_visitor_denied(
    context: BrowserContext, site: Site, kind: str
) -> None:
    await opt_out(await visit(context, site.url))
    token = (await names(context))[HOST_COOKIE].split(".", 6)[6]
    await pushed_out(context, site)
    await evil_sets(context, site, FORGED[kind])
    await everywhere_denied(context, site)
    assert (await names(context))[HOST_COOKIE].split(".", 6)[6] == token
    assert site.server_flag(token)["basis"] == "choice"


async def test_our_own_cookie_overwritten_from_another_port_allows_nothing_either(
    context: BrowserContext, site: Site
) -> None:
    """Cookies know no ports: what the same host serves elsewhere can write the prefixed one, but no storage."""
    await opt_out(await visit(context, site.url))
    page = await visit(context, site.stub)
    for cookie in FORGED.values():
        text = cookie.partition("=")[2].partition(";")[0]
        await page.evaluate(SET, [f"{HOST_COOKIE}={text}; Path=/; Secure"])
        assert (await flag(page))["sale"] == "denied"
    await everywhere_denied(context, site)
    kept = (await names(context))[HOST_COOKIE]
    assert kept.startswith("1.dda.choice.")
    assert site.server_flag(kept.split(".", 6)[6])["basis"] == "choice"


async def test_an_allowed_visitor_is_not_harmed_by_a_siblings_cookies(
    context: BrowserContext, site: Site
) -> None:
    page = await visit(context, site.url)
    before = (await names(context))[HOST_COOKIE]
    assert before.startswith("1.aaa.")
    await evil_sets(context, site, *FORGED.values())
    for address in (site.stub, site.url):
        page = await visit(context, address)
        assert (await flag(page))["sale"] == "allowed"
        assert (await flag(page))["basis"] == "default"
    assert (await names(context))[HOST_COOKIE] == before
    assert await page.evaluate(f"() => localStorage.getItem('{MIRROR}')") is None


async def allow(context: BrowserContext, page: Page) -> None:
    """Opt in, in the two steps that it takes."""
    await page.evaluate("() => privacyChoices.open()")
    async with context.expect_page() as opening:
        await part(page, "switch").click()
    tab = await opening.value
    await tab.wait_for_url("**/s/acme/confirm/*")
    await confirmed(tab)
    await came_back(page)
    await page.wait_for_function("() => privacyChoices.flag().sale === 'allowed'")
    await tab.close()


async def test_another_visitors_token_opens_nothing_for_somebody_new(
    chromium: Browser, context: BrowserContext, asking: Site
) -> None:
    async with await chromium.new_context(ignore_https_errors=True) as attacker:
        page = await visit(attacker, asking.url)
        await allow(attacker, page)
        stolen = (await names(attacker))[HOST_COOKIE].split(".", 6)[6]
    assert asking.server_flag(stolen)["sale"] == "allowed"
    await evil_sets(context, asking, forged(stolen))
    page = await everywhere_denied(context, asking)
    assert stolen not in await page.evaluate(
        "() => privacyChoices.flag() && document.cookie.match(/__Host-[^;]*/)[0]"
    )
    await opt_out(page)
    assert asking.server_flag(stolen)["sale"] == "allowed", "the opt-out went to another visitor"


async def test_a_confirmed_opt_in_lifts_the_mirror_and_what_others_have_set(
    context: BrowserContext, site: Site
) -> None:
    page = await visit(context, site.url)
    await opt_out(page)
    assert await page.evaluate(f"() => localStorage.getItem('{MIRROR}')")
    denied = forged().replace(".aaa.opted_in.", ".dda.choice.")
    await evil_sets(context, site, denied)
    await allow(context, page)
    assert await page.evaluate(f"() => localStorage.getItem('{MIRROR}')") is None
    for address in (site.stub, site.url):
        assert (await flag(await visit(context, address)))["basis"] == "opted_in"


def former(value: str) -> str:
    """The cookie as it was written before it had the prefix."""
    return f"{PLAIN_COOKIE}={value}; Path=/; SameSite=Lax; Max-Age=34560000; Secure"


async def renamed(context: BrowserContext, site: Site) -> str:
    """The visitor's record as an earlier script left it; its token."""
    value = (await names(context))[HOST_COOKIE]
    page = await visit(context, site.stub)
    await page.evaluate("() => localStorage.clear()")
    await page.evaluate(SET, [former(value), f"{HOST_COOKIE}=; Path=/; Max-Age=0; Secure"])
    await page.close()
    assert set(await names(context)) & {HOST_COOKIE, PLAIN_COOKIE} == {PLAIN_COOKIE}
    return value.split(".", 6)[6]


async def test_a_visitor_who_opted_out_before_the_prefix_stays_opted_out_and_gets_the_new_cookie(
    context: BrowserContext, site: Site
) -> None:
    await opt_out(await visit(context, site.url))
    token = await renamed(context, site)
    await evil_sets(context, site, forged())
    page = await everywhere_denied(context, site)
    assert (await flag(page))["basis"] == "choice"
    kept = await names(context)
    assert kept[HOST_COOKIE].startswith("1.dda.choice.")
    assert site.server_flag(kept[HOST_COOKIE].split(".", 6)[6])["basis"] == "choice"
    await pushed_out(context, site)
    await everywhere_denied(context, site)
    assert site.server_flag(token)["basis"] == "choice"


async def both_say_opted_in(context: BrowserContext) -> bool:
    """Return True when the new cookie says so and the old one too, for pages whose stub is from before."""
    kept = await names(context)
    new, old = (kept[name].split(".") for name in (HOST_COOKIE, PLAIN_COOKIE))
    del (
        new[AS_OF],
        old[AS_OF],
    )  # the service writes one and the script the other; two answers may be a second apart
    return new[:3] == ["1", "aad", "opted_in"] and old == new


async def test_a_visitor_who_opted_in_before_the_prefix_is_allowed_once_the_service_has_answered(
    context: BrowserContext, asking: Site
) -> None:
    page = await visit(context, asking.url)
    await allow(context, page)
    await page.close()
    token = await renamed(context, asking)
    assert (await flag(await visit(context, asking.stub)))["sale"] == "denied"
    asked = await context.new_page()
    async with asked.expect_request(SIGNALS) as question:
        await asked.goto(asking.url)
    assert token in ((await question.value).post_data or "")
    await asked.evaluate("() => privacyChoices.ready.then(() => true)")
    assert (await flag(asked))["basis"] == "opted_in"
    await eventually_async(lambda: both_say_opted_in(context))
    assert (await flag(await visit(context, asking.stub)))["sale"] == "allowed"


async def test_a_consumer_whom_only_a_sibling_names_is_denied(context: BrowserContext, site: Site) -> None:
    page = await visit(context, site.stub)
    await evil_sets(context, site, forged().replace(".opted_in.0.", ".opted_in.2."))
    stub = (await page.content()).partition("<script>")[2].partition("</script>")[0]
    await context.route(
        "**/member",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<script data-consumer='signed'>{stub}</script>"
        ),
    )
    member = await context.new_page()
    await member.goto(f"{site.url}/member")
    assert (await flag(member))["basis"] == "unavailable"


async def test_where_storage_is_refused_or_full_of_rubbish_the_page_goes_on(
    context: BrowserContext, site: Site
) -> None:
    await context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused') }})"
    )
    page = await visit(context, site.url)
    assert (await flag(page))["sale"] == "allowed"
    await opt_out(page)
    await everywhere_denied(context, site)


async def test_rubbish_in_storage_denies_at_most_until_the_service_has_answered(
    context: BrowserContext, site: Site
) -> None:
    page = await visit(context, site.stub)
    for rubbish in ("", "null", "; ; ;", "1.aaa", '{"a":1}', "-pc_acme=1.xxx", "-pc_acme=", "(" * 10_000):
        await page.evaluate("([key, text]) => localStorage.setItem(key, text)", [MIRROR, rubbish])
        assert (await flag(page))["site"] == "acme"
        healed = await visit(context, site.url)
        assert (await flag(healed))["sale"] == "allowed", rubbish
        await healed.close()


async def test_a_limit_alone_is_mirrored_as_it_is(context: BrowserContext, site: Site) -> None:
    """A right that was never denied is not denied by the mirror."""
    page = await visit(context, site.url)
    as_of = int(time.time())
    mirrored = f"-{PLAIN_COOKIE}=1.aad.choice.0.{as_of}.300."
    await page.evaluate("([key, text]) => localStorage.setItem(key, text)", [MIRROR, mirrored])
    stub = await visit(context, site.stub)
    said = await flag(stub)
    assert (said["sale"], said["share"], said["sensitive"]) == ("allowed", "allowed", "denied")


async def test_the_sibling_cannot_set_the_prefixed_cookie(context: BrowserContext, site: Site) -> None:
    await evil_sets(
        context,
        site,
        forged().replace(PLAIN_COOKIE, HOST_COOKIE, 1),
        forged().replace(PLAIN_COOKIE, f"={HOST_COOKIE}", 1),
        f"{HOST_COOKIE}=1; Path=/; Secure",
    )
    assert HOST_COOKIE not in await names(context)
    assert {one["domain"] for one in await context.cookies() if one["name"] == HOST_COOKIE} <= {EVIL_HOST}
