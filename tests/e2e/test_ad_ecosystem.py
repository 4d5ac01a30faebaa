"""Standards that partners read in the page without knowing us: `__gpp`, `__uspapi`, and the cookies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Guest, Shop, Written, answered, guest, shop
from tests.e2e.visiting import SIGNAL, acknowledged, flag, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

ALLOWED: Final = "DBABBg~BUoAAACA.QA"
DENIED: Final = "DBABBg~BUUAAACA.QA"
SIGNALLED: Final = "DBABBg~BUUAAACA.YA"
# A partner that listens from the first moment, and asks what only the script knows.
LISTENER: Final = """<script>
window.heard = []; window.answers = [];
__gpp('addEventListener', ({eventName, listenerId, data, pingData}) => {
  heard.push([eventName, data]);
  window.last = pingData; window.listener = listenerId;
});
__gpp('hasSection', (data) => answers.push(['hasSection', data]), 'usca');
__gpp('addEventListener', () => { throw new Error('a partner of poor quality'); });
__gpp('getField', (data) => answers.push(['getField', data]), 'usca.SaleOptOut');
__gpp('whatever', (data, success) => answers.push(['whatever', data, success]));
</script>"""
# A frame of another origin: it asks the page around it, in both forms, and notes what comes back.
FRAME: Final = """<!doctype html><script>
window.got = [];
addEventListener('message', ({data}) => got.push(data));
const gpp = {command: 'ping', version: '1.1', callId: 1};
const usp = {command: 'getUSPData', version: 1, callId: 2};
for (const call of [{__gppCall: gpp}, {__uspapiCall: usp}]) {
  parent.postMessage(call, '*');
  parent.postMessage(JSON.stringify(call), '*');
}
const found = (name) => { try { return !!parent.frames[name]; } catch { return false; } };
window.locators = ['__gppLocator', '__uspapiLocator', 'nothing'].map(found);
</script>"""
ON_LOAD: Final = [["listenerRegistered", True], ["cmpStatus", "loaded"], ["signalStatus", "ready"]]


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("shop"), 'prior_cmp = ["usprivacy"]') as site, site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop) -> Shop:
    """The shop with a partner that listens, and a ledger that begins here."""
    await shop_with_service.begin_anew()
    shop_with_service.pages["/"] = Written(head=LISTENER, body="<h1>Shop</h1>")
    return shop_with_service


async def heard(page: Page) -> list[list[Any]]:
    """The events since this was last asked."""
    events: list[list[Any]] = await page.evaluate("() => heard.splice(0)")
    return events


async def ping(page: Page) -> dict[str, Any]:
    said: dict[str, Any] = await page.evaluate("() => new Promise((done) => __gpp('ping', done))")
    return said


async def us_privacy(page: Page) -> str:
    said: str = await page.evaluate(
        "() => { let said; __uspapi('getUSPData', 1, (data) => { said = data.uspString; }); return said; }"
    )
    return said


async def spoken(page: Page) -> tuple[str, list[int], str]:
    said = await ping(page)
    return said["gppString"], said["applicableSections"], await us_privacy(page)


async def cookies(visitor: Guest) -> dict[str, str]:
    """Return the site's cookies as partners find them."""
    wanted = ("usprivacy", "__gpp", "__gpp_sid")
    found = {cookie["name"]: cookie["value"] for cookie in await visitor.context.cookies()}
    return {name: found[name] for name in wanted if name in found}


async def test_events_come_in_the_order_of_the_standard_on_load_and_on_choice(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await page.wait_for_function("() => heard.length > 3")
        first = await heard(page)
        assert first[:2] == ON_LOAD[:2]
        # The question and the service's answer come in either order; ready is said once, after the answer.
        assert sorted(map(str, first[2:])) == sorted(
            map(str, [["signalStatus", "ready"], ["cmpDisplayStatus", "visible"]])
        )
        assert (await spoken(page)) == (ALLOWED, [8], "1YNN")

        await part(page, "opt-out").click()
        assert await heard(page) == [
            ["signalStatus", "not ready"],
            ["cmpDisplayStatus", "hidden"],
            ["sectionChange", "usca"],
            ["signalStatus", "ready"],
        ]
        assert (await spoken(page)) == (DENIED, [8], "1YYN")
        await acknowledged(page)
        assert await heard(page) == []

        fresh = await visitor.visit()
        assert await heard(fresh) == ON_LOAD
        assert await fresh.evaluate("() => last.gppString") == DENIED
        assert visitor.complaints == []


async def test_partners_in_another_tab_hear_of_a_choice(chromium: Browser, open_shop: Shop) -> None:
    async with guest(chromium, open_shop) as visitor:
        one, other = await visitor.visit(), await visitor.visit()
        await other.wait_for_function("() => last.signalStatus === 'ready'")
        await other.evaluate("() => { heard.length = 0; }")
        await one.evaluate("() => privacyChoices.optOut()")
        await other.wait_for_function(
            "() => last.gppString.includes('BUUA') && last.signalStatus === 'ready'"
        )
        events = [event for event in await heard(other) if event[0] != "cmpDisplayStatus"]
        assert events == [
            ["signalStatus", "not ready"],
            ["sectionChange", "usca"],
            ["signalStatus", "ready"],
        ]


async def test_a_signal_that_is_new_is_said_on_the_next_page_at_once(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await visitor.visit()
        await visitor.context.set_extra_http_headers({"Sec-GPC": "1"})
        await visitor.context.add_init_script(SIGNAL)
        page = await visitor.visit()
        assert await heard(page) == ON_LOAD
        assert (await spoken(page)) == (SIGNALLED, [8], "1YYN")
        said = await flag(page)
        assert (said["gpp"], said["gpp_sid"]) == (SIGNALLED, [8])


async def test_partners_read_fields_and_calls_made_early_are_answered_in_order(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        answers = [["hasSection", True], ["getField", 2], ["whatever", None, False]]
        assert await page.evaluate("() => answers") == answers
        asked = """() => {
          const got = []; const note = (data, success) => got.push([data, success]);
          __gpp('getSection', note, 'usca'); __gpp('getSection', note, 'usva');
          __gpp('getField', note, 'usca.Gpc'); __gpp('getField', note, 'usca.constructor');
          __gpp('getSection', note, 'constructor'); __gpp('getField', note, 'nothing');
          __gpp('removeEventListener', note, listener); __gpp('removeEventListener', note, listener);
          __gpp('removeEventListener', note, 99); __gpp('nothing', note);
          __uspapi('getUSPData', 2, note); __uspapi('registerDeletion', 1, note);
          return got;
        }"""
        section, *others = await page.evaluate(asked)
        (core, sub), success = section
        assert success is True
        assert (core["SaleOptOut"], core["SensitiveDataProcessing"]) == (2, [0] * 9)
        assert sub == {"SubsectionType": 1, "Gpc": False}
        assert others[:5] == [[None, True], [False, True], [None, True], [None, True], [None, True]]
        assert others[5:7] == [[True, True], [False, True]]
        assert others[7:] == [[False, True], [None, False], [None, False], [None, False]]
        said = await ping(page)
        assert said["parsedSections"] == {"usca": [core, sub]}
        assert (said["gppVersion"], said["cmpId"], said["supportedAPIs"]) == ("1.1", 1, ["8:usca"])
        assert (said["sectionList"], said["cmpStatus"]) == ([8], "loaded")


async def test_listeners_keep_their_ids_and_one_that_is_gone_hears_nothing(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        later = "() => { __gpp('addEventListener', ({listenerId}) => { window.third = listenerId; }); return third; }"
        assert await page.evaluate("() => listener") == 1
        assert await page.evaluate(later) == 3
        await page.evaluate("() => { __gpp('removeEventListener', () => {}, 1); heard.length = 0; }")
        await page.evaluate("() => privacyChoices.optOut()")
        assert await heard(page) == []


async def test_an_open_settings_dialog_is_told_to_partners_as_visible(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await part(page, "close").click()
        assert (await ping(page))["cmpDisplayStatus"] == "hidden"
        await page.evaluate("() => privacyChoices.open()")
        await page.wait_for_function("() => last.cmpDisplayStatus === 'visible'")
        await part(page, "settings-close").click()
        await page.wait_for_function("() => last.cmpDisplayStatus === 'hidden'")
        assert (await ping(page))["signalStatus"] == "ready"


@contextmanager
def elsewhere() -> Iterator[str]:
    """Another origin, with the frame that asks."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(FRAME.encode())

        def log_message(self, *_given: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://ads.localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_a_frame_of_another_origin_is_answered_in_both_forms(
    chromium: Browser, open_shop: Shop
) -> None:
    with elsewhere() as origin:
        open_shop.pages["/"] = Written(head=LISTENER, body=f'<iframe name="ad" src="{origin}/"></iframe>')
        async with guest(chromium, open_shop) as visitor:
            page = await visitor.visit()
            frame = page.frame("ad")
            assert frame is not None
            await frame.wait_for_function("() => got.length >= 4")
            got = await frame.evaluate("() => got")
            assert await frame.evaluate("() => locators") == [True, True, False]
            assert await page.locator("iframe:visible").count() == 1
    objects = [said for said in got if isinstance(said, dict)]
    texts = [json.loads(said) for said in got if isinstance(said, str)]
    for said in (objects, texts):
        replies = {name: body for one in said for name, body in one.items()}
        assert replies["__gppReturn"]["callId"] == 1
        assert replies["__gppReturn"]["success"] is True
        assert replies["__gppReturn"]["returnValue"]["gppVersion"] == "1.1"
        usp = {"returnValue": {"version": 1, "uspString": "1YNN"}, "success": True, "callId": 2}
        assert replies["__uspapiReturn"] == usp


async def test_what_a_page_chats_before_the_script_is_there_deafens_it_for_no_frame(
    chromium: Browser, open_shop: Shop
) -> None:
    call = "{__gppCall: {command: 'getField', parameter: 'usca.SaleOptOut', callId: 7}}"
    chat = """<script>for (let at = 0; at < 2000; at++) postMessage({chat: at}, '*');
      onmessage = ({data}) => { if (data.chat === 1999) window.chatted = true; };</script>"""

    async def late(route: Route) -> None:
        await route.request.frame.wait_for_function("() => window.chatted")
        await route.continue_()

    with elsewhere() as origin:
        body = f'{chat}<iframe name="ad" src="{origin}/"></iframe>'
        open_shop.pages["/"] = Written(head=LISTENER, body=body)
        async with guest(chromium, open_shop) as visitor:
            await visitor.context.route("**/w/acme.js", late)
            page = await visitor.visit()
            await page.wait_for_function("() => last.cmpStatus === 'loaded'")
            frame = page.frame("ad")
            assert frame is not None
            await frame.evaluate(f"() => parent.postMessage({call}, '*')")
            await frame.wait_for_function(
                "() => got.some((said) => said.__gppReturn?.callId === 7 && said.__gppReturn.success)"
            )


async def test_without_the_script_a_denial_is_said_at_once_and_the_rest_is_opted_out_in_time(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await page.evaluate("() => privacyChoices.optOut()")
        await acknowledged(page)
        await visitor.context.route("**/w/acme.js", lambda route: route.abort("blockedbyclient"))
        blocked = await visitor.visit(ready=False)
        said = await ping(blocked)
        assert (said["cmpStatus"], said["signalStatus"], said["parsedSections"]) == ("stub", "ready", {})
        assert (await spoken(blocked)) == (DENIED, [8], "1YYN")
    async with guest(chromium, open_shop) as visitor:
        await visitor.context.route("**/w/acme.js", lambda route: route.abort("blockedbyclient"))
        page = await visitor.visit(ready=False)
        assert (await ping(page))["signalStatus"] == "not ready"
        await page.wait_for_function("() => last.signalStatus === 'ready'")
        assert await heard(page) == [ON_LOAD[0], ON_LOAD[2]]
        assert (await ping(page))["gppString"] == DENIED


async def test_with_the_service_down_the_strings_say_opted_out(chromium: Browser, open_shop: Shop) -> None:
    async with guest(chromium, open_shop) as visitor:
        await visitor.context.route("**/v1/**", lambda route: route.abort("connectionrefused"))
        page = await visitor.visit()
        await page.wait_for_function("() => last.signalStatus === 'ready'")
        assert (await spoken(page)) == (DENIED, [8], "1YYN")
        await visitor.context.unroute("**/v1/**")
        await page.evaluate("() => dispatchEvent(new Event('online'))")
        await page.wait_for_function("() => last.gppString.includes('BUoA') && last.signalStatus === 'ready'")


async def test_the_cookies_for_partners_say_the_same_and_are_not_taken_for_another_tools(
    chromium: Browser, open_shop: Shop
) -> None:
    open_shop.pages["/list/item"] = Written()
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        assert await cookies(visitor) == {"usprivacy": "1YNN", "__gpp": ALLOWED, "__gpp_sid": "8"}
        # Another tool's words, where readers find them before ours.
        places = ("Domain=shop.localhost; Path=/", "Path=/list/", "Domain=shop.localhost; Path=/list")
        for place in places:
            await page.evaluate("(at) => { document.cookie = `usprivacy=1YNN; ${at}`; }", place)
            await page.evaluate("(at) => { document.cookie = `__gpp=another~word; ${at}`; }", place)
        await page.evaluate("() => privacyChoices.optOut()")
        await acknowledged(page)
        listed = await visitor.visit("/list/item")
        said = {"usprivacy": "1YYN", "__gpp": DENIED, "__gpp_sid": "8"}
        assert await cookies(visitor) == said
        found = await listed.evaluate(
            "() => document.cookie.split('; ').filter((pair) => !/^pc_/.test(pair))"
        )
        assert sorted(found) == sorted(f"{name}={text}" for name, text in said.items())
        await visitor.context.clear_cookies(name="pc_acme")
        await listed.evaluate("() => localStorage.removeItem('pc_acme_d')")
        anew = await visitor.visit()
        assert (await flag(anew))["basis"] == "default"
        methods = [choice.method for choice in await open_shop.choices()]
        assert methods == ["api"]


async def test_another_tools_opt_out_is_still_honoured(chromium: Browser, open_shop: Shop) -> None:
    async with guest(chromium, open_shop) as visitor:
        await visitor.context.add_cookies([{"name": "usprivacy", "value": "1YYN", "url": open_shop.origin}])
        page = await visitor.visit()
        await acknowledged(page)
        methods = [choice.method for choice in await open_shop.choices()]
        assert methods == ["prior_cmp"]


async def test_a_site_may_leave_the_cookies_out(chromium: Browser, tmp_path: Path) -> None:
    with shop(tmp_path, "string_cookies = false") as site, site.serving():
        async with guest(chromium, site) as visitor:
            page = await visitor.visit()
            await answered(page)
            assert await cookies(visitor) == {}
            assert await us_privacy(page) == "1YNN"


async def test_outside_the_united_states_no_section_applies(chromium: Browser, tmp_path: Path) -> None:
    with shop(tmp_path) as site:
        site.regime = "elsewhere"
        site.pages["/"] = Written(head=LISTENER)
        with site.serving():
            async with guest(chromium, site) as visitor:
                page = await visitor.visit()
                await page.wait_for_function("() => last.signalStatus === 'ready'")
                said = await ping(page)
                assert (said["applicableSections"], said["sectionList"]) == ([-1], [])
                assert said["parsedSections"] == {}
                assert await us_privacy(page) == "1---"
