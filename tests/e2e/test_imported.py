"""The first visit after another tool went: its cookie is still there, and its export was imported."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Guest, Shop, Written, guest, ran, shop
from tests.e2e.visiting import flag, part
from tests.support.service import CLI

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

TAG = '<script type="text/plain" data-right="sale share" src="/tag/partner.js"></script>'
EXPORT = "id,sale_share,sensitive\n0b0b6f5e-41c9,opt_out,\n77aa,opt_out,limit\n"
SITE = 'prior_cmp = ["onetrust"]\nprior_ids = ["onetrust"]\nsensitive = true'


@pytest.fixture(scope="module")
def shop_with_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose former tool's export is imported while the service runs."""
    folder = tmp_path_factory.mktemp("shop")
    with shop(folder, SITE) as site, site.serving():
        (folder / "export.csv").write_text(EXPORT)
        env = os.environ | {"CONSENT_KEYS_FILE": str(folder / "keys.json")}
        command = [*CLI, "import", "export.csv", "--site", "acme", "--tool", "onetrust"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("2 imported")
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(shop_with_service: Shop) -> Shop:
    await shop_with_service.begin_anew()
    shop_with_service.pages["/"] = Written(body=TAG)
    return shop_with_service


async def was_known(visitor: Guest, consent_id: str, groups: str = "C0001%3A1%2CC0004%3A1") -> None:
    """This browser's cookie of the former tool."""
    value = f"isGpcEnabled=0&consentId={consent_id}&groups={groups}"
    await visitor.context.add_cookies(
        [{"name": "OptanonConsent", "value": value, "url": visitor.shop.origin}]
    )


async def test_an_imported_opt_out_is_in_force_with_the_first_page_view(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await was_known(visitor, "0b0b6f5e-41c9")
        page = await visitor.visit()
        said = await flag(page)
        assert (said["sale"], said["share"], said["sensitive"]) == ("denied", "denied", "allowed")
        assert (said["basis"], said["max_age"] > 0) == ("choice", True)
        (choice,) = await open_shop.choices()
        assert (choice.method, choice.sale, choice.share) == ("import", "opt_out", "opt_out")
        again = await visitor.visit()
        assert (await flag(again))["basis"] == "choice"
        assert (await ran(page), await ran(again)) == ([], [])
        await expect(part(page, "opt-out")).to_have_count(0)
        assert visitor.asked == ["signals"]
        assert visitor.complaints == []


async def test_an_id_that_nobody_imported_is_a_visitor_like_any_other(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await was_known(visitor, "somebody-else")
        page = await visitor.visit()
        await page.wait_for_function("() => window.ran.length === 1")
        assert (await flag(page))["basis"] == "default"
        await expect(part(page, "opt-out")).to_be_visible()
        assert await open_shop.choices() == []


async def test_until_the_service_has_answered_nothing_runs(chromium: Browser, open_shop: Shop) -> None:
    async with guest(chromium, open_shop) as visitor:
        await was_known(visitor, "somebody-else")
        await visitor.context.route("**/v1/acme/signals", lambda route: route.abort())
        page = await visitor.visit()
        assert ((await flag(page))["sale"], (await flag(page))["basis"]) == ("denied", "unavailable")
        assert await ran(page) == []
        await visitor.context.unroute("**/v1/acme/signals")
        back = await visitor.visit()
        await back.wait_for_function("() => window.ran.length === 1")


async def test_where_the_cookie_says_opted_out_too_the_import_still_adds_what_it_knows(
    chromium: Browser, open_shop: Shop
) -> None:
    async with guest(chromium, open_shop) as visitor:
        await was_known(visitor, "77aa", "C0001%3A1%2CC0004%3A0")
        page = await visitor.visit()
        said = await flag(page)
        assert (said["sale"], said["sensitive"], said["basis"]) == ("denied", "denied", "choice")
        first, second = await open_shop.choices()
        assert (first.method, first.sale, first.sensitive) == ("prior_cmp", "opt_out", None)
        assert (second.method, second.sale, second.sensitive) == ("import", None, "limit")
        assert first.subject == second.subject
