"""A blocked partner hears nothing while it is denied, although nothing is marked; afterwards only what is new."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Guest, Shop, Written, guest, ran, shop
from tests.e2e.partners import FACTS, Partner, partner
from tests.e2e.visiting import SIGNAL, acknowledged, came_back, confirmed, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

OTHER = """
[partners.shared]
name = "shared"
domains = ["shared.localhost"]
sites = ["acme"]
rights = ["share"]
"""
# What a third party's script does, as such scripts do it; each way asks for a path of its own.
WAYS = {
    "script": """(to) => {
      const script = document.createElement('script');
      script.src = to;
      document.head.appendChild(script);
    }""",
    "script that is addressed in the page": """(to) => {
      const script = document.createElement('script');
      document.head.append(script);
      script.setAttribute('src', to);
    }""",
    "frame": """(to) => {
      const frame = document.createElement('iframe');
      frame.src = to;
      document.body.append(frame);
    }""",
    "frame in markup": "(to) => document.body.insertAdjacentHTML('beforeend', `<iframe src='${to}'></iframe>`)",
    "frame in a cloned template": """(to) => {
      const template = document.createElement('template');
      template.innerHTML = `<p>An advertisement <iframe src="${to}"></iframe></p>`;
      document.body.append(template.content.cloneNode(true));
    }""",
    "script in a fragment": """(to) => {
      const made = document.createRange().createContextualFragment(`<b></b><script src=${to}></scr` + 'ipt>');
      document.body.append(made);
    }""",
}
# What carries data and is never sent later.
GONE = {
    "pixel": "(to) => { new Image().src = to; }",
    "pixel by attribute": "(to) => document.createElement('img').setAttribute('SRC', to)",
    "pixel in a set": "(to) => { new Image().srcset = `/own.png 3x, ${to} 1x`; }",
    "pixel in markup": "(to) => { document.createElement('div').innerHTML = `<img src=\"${to}\">`; }",
    "beacon": "(to) => { window.said.push(navigator.sendBeacon(to, 'x')); }",
    "fetch": "(to) => fetch(to, {mode: 'no-cors'}).catch((error) => window.said.push(error.name))",
    "fetch of a request": "(to) => fetch(new Request(to)).catch((error) => window.said.push(error.name))",
    "XMLHttpRequest": """(to) => new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open('POST', to);
      request.onerror = () => window.said.push(`${request.readyState} ${request.status}`);
      request.onloadend = done;
      request.send('x');
    })""",
}
EVERY = WAYS | GONE
PUT = "(to) => { document.body.appendChild(document.createElement('div')).innerHTML = %s; }"
PUT_NODE = """(to) => {
  const node = document.createAttribute('src');
  node.value = to;
  for (const kind of ['img', 'iframe']) {
    const element = document.body.appendChild(document.createElement(kind));
    element.%s(node.cloneNode());
  }
}"""
# As browsers read it, and as no simple pattern does.
ODDLY = {
    "no space before": PUT % "`<img/src=${to}>`",
    "no space between": PUT % "`<img alt='x'src='${to}'>`",
    "a frame without a space": PUT % "`<iframe/src=${to}></iframe>`",
    "spaces around": PUT % "`<img src=' ${to}\\n'>`",
    "a host with an entity": PUT % "`<img src='${to.replace('partner.', 'partner&#46;')}'>`",
    "a host with a tab": PUT % "`<img src='${to.replace('partner', 'part\\tner')}'>`",
    "a tab by property": "(to) => { new Image().src = to.replace('partner', 'part\\tner'); }",
    "a source of a picture": PUT % "`<picture><source srcset='${to}'><img></picture>`",
    "a cell of a row": """(to) => {
      document.body.appendChild(document.createElement('tr')).innerHTML = `<td class="own"><img src="${to}"></td>`;
    }""",
    "markup with shadow roots": """(to) => {
      const box = document.body.appendChild(document.createElement('div'));
      box.setHTMLUnsafe(`<b><template shadowrootmode=open><img src=${to}></template></b>`);
    }""",
    "a node of another document": """(to) => {
      const other = new DOMParser().parseFromString(`<img src=${to}><iframe src=${to}></iframe>`, 'text/html');
      document.body.append(...other.body.childNodes);
    }""",
    "an attribute of a namespace": "(to) => { new Image().setAttributeNS(null, 'src', to); }",
    "an attribute's node": PUT_NODE % "setAttributeNode",
    "an attribute's node of a namespace": PUT_NODE % "setAttributeNodeNS",
    "markup in pieces": """(to) => {
      const other = document.implementation.createHTMLDocument();
      other.write(`<p class=own><img src="${to}`, '?more">');
      document.body.append(...other.body.childNodes);
    }""",
}
# What pages put in place of the browser's own, behind the snippet. Some for an address that nobody can parse then.
SHADOWS = {
    "URL is text": "var URL = '/shop'",
    "URL throws": "window.URL = class { constructor() { throw Error('none'); } }",
    "Map is an object": "var Map = {lat: 34, lng: -118}",
    "Reflect is an object": "var Reflect = {}",
    "TypeError is text": "var TypeError = 'oops'",
    "DOMParser is text": "var DOMParser = ''",
    "setTimeout drops what it is given": "window.setTimeout = () => 0",
    "text ends with nothing": "String.prototype.endsWith = () => false",
    "text includes nothing": "String.prototype.includes = () => false",
    "text is never split": "String.prototype.split = () => []",
    "patterns match nothing": "RegExp.prototype.test = RegExp.prototype.exec = () => null",
    "lists have no some": "Array.prototype.some = Array.prototype.forEach = () => false",
    "a method throws": "String.prototype.replace = Array.prototype.slice = () => { throw Error('none'); }",
}
POLICY = (
    "default-src 'none'; script-src 'nonce-n0nce' 'strict-dynamic'; base-uri 'none'; "
    "connect-src {service} {partner}; img-src {partner} 'self'; frame-src {partner}"
)
TRUSTED = "; require-trusted-types-for 'script'; trusted-types privacy-choices tags"


def path_of(name: str) -> str:
    """Return the partner's path that this way requests."""
    return f"/{name.replace(' ', '-')}.js"


def tag(origin: str, ways: dict[str, str]) -> str:
    """The third party's script: does all of these at once, and again whenever `again()` is called."""
    done = "".join(f"await ({way})({json.dumps(origin + path_of(name))});" for name, way in ways.items())
    return (
        f"<script>window.said = []; window.again = async () => {{ {done} }}; window.done = again();</script>"
    )


@pytest.fixture(scope="module")
def partner_server() -> Iterator[Partner]:
    with partner() as server:
        yield server


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all of these tests."""
    with shop(tmp_path_factory.mktemp("shop"), FACTS + OTHER) as site, site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop, partner_server: Partner) -> Shop:
    """The shop, whose page has the third party's script in it; the partner has heard nothing."""
    await shop_with_service.begin_anew()
    partner_server.asked.clear()
    shop_with_service.pages["/"] = Written(body=tag(partner_server.origin, EVERY))
    return shop_with_service


async def denied(visitor: Guest, path: str = "/") -> Page:
    """A page of somebody who had opted out before."""
    shop_pages = visitor.shop.pages
    shop_pages["/choose"] = Written()
    page = await visitor.visit("/choose")
    await part(page, "opt-out").click()
    await acknowledged(page)
    await page.close()
    page = await visitor.visit(path)
    await done(page)
    return page


async def done(page: Page) -> None:
    """Wait until the third party's script has done all it does."""
    await page.evaluate("() => window.done")


async def allow(page: Page) -> None:
    """The visitor's own second step."""
    await page.evaluate("() => privacyChoices.open()")
    async with page.expect_popup() as opened:
        await part(page, "switch").click()
    tab = await opened.value
    await confirmed(tab)
    await came_back(page)
    # Under Trusted Types nothing that polls works: the page says it itself.
    await page.evaluate(
        """() => privacyChoices.flag().sale === 'allowed' || new Promise((done) => {
          privacyChoices.on('change', (flag) => { if (flag.sale === 'allowed') done(); });
        })"""
    )


@pytest.mark.parametrize("shadow", SHADOWS.values(), ids=SHADOWS)
async def test_nothing_leaves_where_a_page_replaces_what_the_guard_uses(
    chromium: Browser, open_shop: Shop, partner_server: Partner, shadow: str
) -> None:
    attack = tag(partner_server.origin, EVERY).replace("<script>", f"<script>{shadow};", 1)
    over = "<script>done.catch(() => {}).then(() => { document.documentElement.id = 'over'; })</script>"
    open_shop.pages["/"] = Written(body=attack + over)
    async with guest(chromium, open_shop, extra_http_headers={"Sec-GPC": "1"}) as visitor:
        await visitor.context.add_init_script(SIGNAL)
        page = await visitor.visit(ready=False)
        await page.wait_for_selector("#over", state="attached")  # looked for out of the page's reach
        await page.context.request.get(f"http://127.0.0.1:{partner_server.server.server_port}/asked-last")
    assert partner_server.asked == ["/asked-last"]


async def test_whatever_an_unmarked_script_does_nothing_leaves_while_denied_and_later_only_what_is_new(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await denied(visitor)
        await page.wait_for_load_state("networkidle")
        assert partner_server.asked == []
        assert await page.evaluate("() => said") == [False, "TypeError", "TypeError", "4 0"]
        assert visitor.complaints == []

        await allow(page)
        held = [path_of(name) for name in WAYS]
        scripts = sorted(path for path in held if "script" in path)
        await partner_server.heard_all(page, *held)  # what was held; what carried data is gone
        await page.wait_for_function("(scripts) => ran.length >= scripts.length", arg=scripts)
        assert sorted(await ran(page)) == scripts

        partner_server.asked.clear()
        await page.evaluate("() => again()")
        await partner_server.heard_all(page, *map(path_of, EVERY))
        assert visitor.complaints == []


async def test_under_the_signal_nothing_leaves_before_the_script_is_there(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await visitor.context.add_init_script(SIGNAL)
        await visitor.context.route("**/w/acme.js", lambda route: route.abort())
        page = await visitor.visit(ready=False)
        await done(page)
        await page.wait_for_load_state("networkidle")
        assert partner_server.asked == []


async def test_the_guard_changes_nothing_for_a_visitor_who_is_allowed(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await partner_server.heard_all(page, *map(path_of, EVERY))
        assert (await page.evaluate("() => said"))[0] is True


async def test_an_opt_out_holds_from_the_click_on(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        await partner_server.heard(*map(path_of, EVERY))
        await part(page, "opt-out").click()
        partner_server.asked.clear()
        await page.evaluate("() => again()")
        await acknowledged(page)
        await allow(page)
        await partner_server.heard_all(page, *map(path_of, WAYS))


async def test_nothing_leaves_under_a_strict_policy_either(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    policy = POLICY.format(service=open_shop.service, partner=partner_server.origin)
    open_shop.pages["/"] = Written(body=tag(partner_server.origin, EVERY), policy=policy, nonce="n0nce")
    async with guest(chromium, open_shop) as visitor:
        page = await denied(visitor)
        await page.wait_for_load_state("networkidle")
        assert partner_server.asked == []
        assert visitor.complaints == []
        await allow(page)
        await partner_server.heard_all(page, *map(path_of, WAYS))


async def test_where_trusted_types_are_demanded_what_a_policy_of_the_page_made_is_held_and_released(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    policy = POLICY.format(service=open_shop.service, partner=partner_server.origin) + TRUSTED
    make = "trustedTypes.createPolicy('tags', {createScriptURL: (url) => url, createHTML: (html) => html})"
    to = f"{partner_server.origin}/trusted.js"
    body = f"""<script>
      const tags = {make};
      // What the policy will refuse when it is released keeps nothing else from it.
      document.createElement('script').src = '{to}';
      const script = document.createElement('script');
      script.src = tags.createScriptURL('{to}');
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', tags.createHTML('<iframe src="{to}"></iframe>'));
      document.body.insertAdjacentHTML('beforeend', tags.createHTML('<i id="own">ours</i>'));
    </script>"""
    open_shop.pages["/"] = Written(body=body, policy=policy, nonce="n0nce")
    async with guest(chromium, open_shop) as visitor:
        await denied(visitor, "/choose")
        page = await visitor.visit("/")
        assert await page.locator("#own").count() == 1
        assert partner_server.asked == []
        assert visitor.complaints == []
        await allow(page)
        await partner_server.heard_all(page, "/trusted.js")


async def test_what_is_written_while_the_page_is_parsed_is_held(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    origin = partner_server.origin
    written = [f"<script src='{origin}/written.js'><\\/script>", f"<img src='{origin}/written.gif'>"]
    open_shop.pages["/"] = Written(
        body=f"<script>document.write(...{json.dumps(written)}); document.write('<i id=own></i>')</script>".replace(
            "<\\\\/", "<\\/"
        )
    )
    async with guest(chromium, open_shop) as visitor:
        page = await denied(visitor)
        assert await page.locator("#own").count() == 1
        assert partner_server.asked == []
        await allow(page)
        await partner_server.heard_all(page, "/written.js")
        await page.wait_for_function("() => ran.length > 0")
        assert await ran(page) == ["/written.js"]


async def test_nothing_leaves_however_oddly_it_is_written(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    open_shop.pages["/"] = Written(body=tag(partner_server.origin, ODDLY))
    async with guest(chromium, open_shop) as visitor:
        page = await denied(visitor)
        await page.wait_for_load_state("networkidle")
        assert partner_server.asked == []
        assert await page.locator("td.own").count() == 1
        assert visitor.complaints == []


UNCHANGED = [
    '<img alt="a src=TO b">',
    "<textarea><img src=TO></textarea>",
    '<a href="TO" title="<img src=TO>">there</a><!-- <img src=TO> -->',
]


@pytest.mark.parametrize("markup", UNCHANGED)
async def test_markup_that_only_mentions_a_partners_address_stays_as_it_is(
    chromium: Browser, open_shop: Shop, partner_server: Partner, markup: str
) -> None:
    open_shop.pages["/"] = Written()
    markup = markup.replace("TO", f"{partner_server.origin}/said.gif")
    put = "(markup) => { const box = document.createElement('p'); box.innerHTML = markup; return box.innerHTML; }"
    async with guest(chromium, open_shop) as visitor:
        page = await denied(visitor)
        assert unescape(await page.evaluate(put, markup)) == markup


async def test_very_long_tags_throw_nothing(chromium: Browser, open_shop: Shop) -> None:
    open_shop.pages["/"] = Written()
    lengths = """() => ['a'.repeat(8e6), 'a="b" '.repeat(1e6)].map((long) => {
      const box = document.createElement('div');
      box.innerHTML = `<img ${long}>`;
      return box.childElementCount;
    })"""
    async with guest(chromium, open_shop) as visitor:
        page = await denied(visitor)
        assert await page.evaluate(lengths) == [1, 1]


@pytest.mark.parametrize(
    "host", ["partner.localhost.evil.localhost", "notpartner.localhost", "shop.localhost"]
)
async def test_requests_to_other_hosts_are_left_alone(
    chromium: Browser, open_shop: Shop, partner_server: Partner, host: str
) -> None:
    elsewhere = partner_server.origin.replace("ads.partner.localhost", host)
    open_shop.pages["/"] = Written(body=tag(elsewhere, EVERY))
    async with guest(chromium, open_shop) as visitor:
        await denied(visitor)
        await partner_server.heard(*map(path_of, EVERY))


async def test_a_pixel_that_is_not_sent_fails_as_one_without_a_network_does(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    open_shop.pages["/"] = Written()
    async with guest(chromium, open_shop) as visitor:
        page = await denied(visitor)
        failed = await page.evaluate(
            """(to) => new Promise((done) => {
              const pixel = new Image();
              pixel.onerror = () => done(`failed ${pixel.complete}`);
              pixel.onload = () => done('came');
              pixel.src = to;
            })""",
            f"{partner_server.origin}/pixel.gif",
        )
        assert failed == "failed true"
        assert partner_server.asked == []


async def test_the_hooks_look_like_the_browsers_own(chromium: Browser, open_shop: Shop) -> None:
    open_shop.pages["/"] = Written()
    looks = """() => [fetch, navigator.sendBeacon, XMLHttpRequest.prototype.open, Element.prototype.setAttribute,
      Object.getOwnPropertyDescriptor(HTMLScriptElement.prototype, 'src').set]
      .map((one) => [one.name, one.length, /\\[native code\\]/.test(Function.prototype.toString.call(one))])"""
    async with guest(chromium, open_shop) as visitor:
        page = await visitor.visit()
        said: list[list[Any]] = await page.evaluate(looks)
        assert said == [
            ["fetch", 1, True],
            ["sendBeacon", 1, True],
            ["open", 2, True],
            ["setAttribute", 2, True],
            ["set src", 1, True],
        ]


async def test_the_pages_own_mistakes_stay_its_own(chromium: Browser, open_shop: Shop) -> None:
    open_shop.pages["/"] = Written()
    mistakes = """() => [
      () => document.body.setAttribute(' ', ''), () => document.body.setAttribute(),
      () => document.body.setAttributeNode(), () => document.body.setAttributeNode(null),
      () => document.body.insertAdjacentHTML('nowhere', ''), () => new XMLHttpRequest().open('GET', 'http://['),
      () => navigator.sendBeacon('http://['),
    ].map((one) => { try { one(); return 'none' } catch (error) { return error.name } })"""
    async with guest(chromium, open_shop) as visitor:
        page = await denied(visitor)
        assert await page.evaluate(mistakes) == [
            "InvalidCharacterError",
            "TypeError",
            "TypeError",
            "TypeError",
            "SyntaxError",
            "SyntaxError",
            "TypeError",
        ]


async def test_values_that_are_no_text_are_read_as_the_browser_reads_them(
    chromium: Browser, open_shop: Shop
) -> None:
    open_shop.pages["/"] = Written()
    emptied = """() => [null, undefined, 7, {toString: () => '<b>b</b>'}].map((value) => {
      const box = document.createElement('div');
      box.innerHTML = 'x';
      box.innerHTML = value;
      return box.innerHTML;
    })"""
    async with guest(chromium, open_shop) as visitor:
        assert await (await visitor.visit()).evaluate(emptied) == ["", "undefined", "7", "<b>b</b>"]
