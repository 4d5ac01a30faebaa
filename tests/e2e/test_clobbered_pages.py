"""Pages whose own elements hide the document's methods by their names: denied stays denied, nothing is thrown.

Such a page breaks whoever looks into it from outside, so it is framed by a clean one and notes its own errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Shop, Written, guest, shop
from tests.e2e.partners import FACTS, Partner, partner

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

NAMES = [
    "querySelectorAll",
    "createElement",
    "addEventListener",
    "body",
    "head",
    "cookie",
    "currentScript",
    "documentElement",
    "readyState",
    "baseURI",
]
NOTE = """<script>window.faults = [];
  addEventListener('error', (event) => faults.push(event.message));
  addEventListener('unhandledrejection', (event) => faults.push(String(event.reason)));</script>"""
TAG = '<script type="text/plain" data-right="sale">window.ran.push("tag")</script>'
DATA = '<form id="privacyChoices" data-region="us-ca"><input name="q"></form>'
# The frame's own document may hide what one would ask it for; its window can't be hidden.
LOOK = """() => {
  const {contentWindow: inside} = document.querySelector('iframe[src="/clobbered"]');
  return {
    flag: inside.privacyChoices.flag().sale,
    ran: inside.ran, faults: inside.faults,
  };
}"""
FETCH = """(to) => document.querySelector('iframe[src="/clobbered"]')
  .contentWindow.fetch(to).catch((error) => error.name)"""


@pytest.fixture(scope="module")
def partner_server() -> Iterator[Partner]:
    with partner() as server:
        yield server


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all of these tests."""
    with shop(tmp_path_factory.mktemp("shop"), FACTS) as site, site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop) -> Shop:
    """The shop with a clean page that frames another."""
    await shop_with_service.begin_anew()
    shop_with_service.pages["/"] = Written(body='<iframe src="/clobbered"></iframe>')
    return shop_with_service


async def looked(chromium: Browser, site: Shop, body: str, to: str = "") -> tuple[dict[str, Any], Any]:
    """Return the framed page's own state where the browser sends the signal, and the result of a fetch there."""
    site.pages["/clobbered"] = Written(head=NOTE, body=body)
    async with guest(chromium, site, extra_http_headers={"Sec-GPC": "1"}) as visitor:
        await visitor.context.add_init_script(
            "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});"
        )
        page = await visitor.visit()
        await page.wait_for_load_state("networkidle")
        said: dict[str, Any] = await page.evaluate(LOOK)
        return said, await page.evaluate(FETCH, to)


@pytest.mark.parametrize("name", NAMES)
async def test_an_element_that_bears_a_methods_name_lets_nothing_run(
    chromium: Browser, open_shop: Shop, partner_server: Partner, name: str
) -> None:
    body = f'<form name="{name}"></form>{TAG}'
    said, fetched = await looked(chromium, open_shop, body, f"{partner_server.origin}/x")
    assert (said["flag"], said["ran"], said["faults"]) == ("denied", [], [])
    assert (fetched, partner_server.asked) == ("TypeError", [])


async def test_an_element_that_bears_the_stubs_name_is_not_taken_for_it(
    chromium: Browser, open_shop: Shop, partner_server: Partner
) -> None:
    said, _ = await looked(chromium, open_shop, DATA + TAG, f"{partner_server.origin}/x")
    assert (said["flag"], said["ran"], said["faults"]) == ("denied", [], [])


async def test_without_a_stub_the_script_starts_beside_an_element_of_that_name(
    chromium: Browser, open_shop: Shop
) -> None:
    """A policy that lets the script through and not the inline stub leaves the script alone with the page."""
    policy = f"script-src {open_shop.service} 'sha256-none'"
    open_shop.pages["/"] = Written(body=DATA + TAG, policy=policy)
    async with guest(chromium, open_shop, extra_http_headers={"Sec-GPC": "1"}) as visitor:
        page = await visitor.visit(ready=False)
        await page.wait_for_selector("#privacy-choices", state="attached")
        assert await page.evaluate("() => privacyChoices.flag().site") == "acme"
