"""A real Prebid.js on the shop: its activity controls obey our strings, and its bidder is told them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, Route

from tests.docs.pages import ROOT
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.prebid.bidder import Bidder, bidding
from tests.e2e.visiting import Visitor, acknowledged, opt_out, part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

MODULES: Final = ROOT / "widget" / "node_modules"
ENTRY: Final = Path(__file__).with_name("auction.js")
SERVICE: Final = "**/v1/acme/**"

NO_OPT_OUT: Final = ("DBABBg~BUoAAACA.QA", [8], "1YNN")
OPTED_OUT: Final = ("DBABBg~BUUAAACA.QA", [8], "1YYN")
SIGNAL: Final = ("DBABBg~BUUAAACA.YA", [8], "1YYN")
SHARE_ONLY: Final = ("DBABBg~BUkAAACA.QA", [8], "1YYN")  # both notices, no opt-out of the sale


@pytest.fixture(scope="module")
def prebid(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Prebid with its consent modules and our bidder's adapter, as one script."""
    folder = tmp_path_factory.mktemp("prebid")
    (folder / ENTRY.name).write_text(ENTRY.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "modules").symlink_to(MODULES)
    command = [
        str(MODULES / ".bin" / "esbuild"),
        ENTRY.name,
        "--bundle",
        "--format=iife",
        "--log-level=error",
    ]
    environment = {**os.environ, "NODE_PATH": str(MODULES)}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def bidder() -> Iterator[Bidder]:
    with bidding() as at_work:
        yield at_work


async def auction(page: Page, prebid: str, bidder: Bidder) -> bool:
    """Hold an auction on this page; whether Prebid's controls let the bidder sync."""
    await page.evaluate("address => { window.bidderAddress = address }", bidder.address)
    await page.add_script_tag(content=prebid)
    allowed: bool = await page.evaluate("() => auction()")
    await page.wait_for_load_state("networkidle")
    return allowed


def told(bidder: Bidder) -> tuple[str, list[int], str]:
    """The strings in the one bid request, where OpenRTB 2.6 has them or where 2.5 did."""
    [request] = bidder.asked
    regs = {**request["regs"].get("ext", {}), **request["regs"]}
    return regs["gpp"], regs["gpp_sid"], regs["us_privacy"]


async def arrived(arrive: Arrive) -> Visitor:
    """Somebody whose pages take scripts that the shop's policy does not know."""
    return await arrive(bypass_csp=True)


async def test_without_an_opt_out_the_bidder_syncs_and_is_told_so(
    arrive: Arrive, prebid: str, bidder: Bidder
) -> None:
    page = await (await arrived(arrive)).visit()
    assert await auction(page, prebid, bidder)
    assert told(bidder) == NO_OPT_OUT
    gpp, sections, us_privacy = NO_OPT_OUT
    assert bidder.synced == [{"gpp": gpp, "gpp_sid": str(sections[0]), "us_privacy": us_privacy}]


async def test_after_an_opt_out_the_bidder_may_not_sync_on_this_page_or_the_next(
    arrive: Arrive, prebid: str, bidder: Bidder
) -> None:
    visitor = await arrived(arrive)
    page = await visitor.visit()
    await opt_out(page)
    assert not await auction(page, prebid, bidder)
    assert told(bidder) == OPTED_OUT
    bidder.asked.clear()
    assert not await auction(await visitor.visit(), prebid, bidder)
    assert told(bidder) == OPTED_OUT
    assert bidder.synced == []


async def test_an_opt_out_after_the_page_has_auctioned_holds_in_its_next_auction(
    arrive: Arrive, prebid: str, bidder: Bidder
) -> None:
    page = await (await arrived(arrive)).visit()
    assert await auction(page, prebid, bidder)
    bidder.asked.clear()
    bidder.synced.clear()
    await opt_out(page)
    assert not await page.evaluate("() => auction()")
    await page.wait_for_load_state("networkidle")
    assert told(bidder) == OPTED_OUT
    assert bidder.synced == []


async def test_under_a_signal_the_bidder_may_not_sync(arrive: Arrive, prebid: str, bidder: Bidder) -> None:
    visitor = await arrived(arrive)
    await visitor.has_signal()
    assert not await auction(await visitor.visit(), prebid, bidder)
    assert told(bidder) == SIGNAL
    assert bidder.synced == []


async def test_an_opt_out_of_sharing_alone_is_told_and_stops_the_syncs(
    arrive: Arrive, prebid: str, bidder: Bidder
) -> None:
    visitor = await arrived(arrive)
    page = await visitor.visit()
    await visitor.context.route("**/v1/acme/choices", of_sharing_alone)
    await part(page, "opt-out").click()
    await page.wait_for_function("() => privacyChoices.flag().sale === 'allowed'")
    assert not await auction(page, prebid, bidder)
    assert told(bidder) == SHARE_ONLY
    assert bidder.synced == []


async def of_sharing_alone(route: Route) -> None:
    """Send the choice on as one about sharing alone, which the banner does not offer."""
    body = json.loads(route.request.post_data or "")
    body["share"] = body.pop("sale_share")
    await route.continue_(post_data=json.dumps(body))


@pytest.mark.parametrize("opted_out", [False, True])
async def test_with_the_service_down_the_bidder_may_not_sync(
    arrive: Arrive, prebid: str, bidder: Bidder, opted_out: bool
) -> None:
    visitor = await arrived(arrive)
    if opted_out:
        page = await visitor.visit()
        await part(page, "opt-out").click()
        await acknowledged(page)
    await visitor.context.route(SERVICE, lambda route: route.abort())
    page = await visitor.visit()
    assert not await auction(page, prebid, bidder)
    assert told(bidder) == OPTED_OUT
    assert bidder.synced == []


async def test_with_the_script_blocked_an_earlier_opt_out_holds(
    arrive: Arrive, prebid: str, bidder: Bidder
) -> None:
    visitor = await arrived(arrive)
    await opt_out(await visitor.visit())
    await visitor.context.route("**/w/acme.js", lambda route: route.abort())
    page = await visitor.visit(until="parsed")
    assert not await auction(page, prebid, bidder)
    assert bidder.synced == []


async def test_an_opt_out_that_the_service_never_got_holds_all_the_same(
    arrive: Arrive, prebid: str, bidder: Bidder
) -> None:
    visitor = await arrived(arrive)
    page = await visitor.visit()
    await visitor.context.route(SERVICE, lambda route: route.abort())
    await part(page, "opt-out").click()
    assert not await auction(page, prebid, bidder)
    assert told(bidder) == OPTED_OUT
    assert bidder.synced == []
