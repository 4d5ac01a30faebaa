"""The shop and the partner as HTTP, without a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from consent_service.demo.shop import demo_app
from consent_service.demo.site_addresses import Addresses
from consent_service.embed.script import BuiltScript

ADDRESSES = Addresses(8000, 8001)
SCRIPT = BuiltScript(b"widget();", "stub('<\\u003c');", {}, b"", b"")


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Speaks to both sites; which one, the address says."""
    transport = httpx2.ASGITransport(app=demo_app(ADDRESSES, SCRIPT))
    async with httpx2.AsyncClient(transport=transport) as client:
        yield client


@pytest.mark.parametrize("origin", [ADDRESSES.shop, ADDRESSES.shop_by_number])
async def test_the_shop_embeds_stub_and_script_as_the_snippet_says(
    client: httpx2.AsyncClient, origin: str
) -> None:
    page = await client.get(origin)
    assert f"<script>{SCRIPT.inline}</script>" in page.text
    assert '<script async src="http://privacy.localhost:8000/w/acme.js"></script>' in page.text
    assert SCRIPT.inline_hash in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


async def test_the_partners_tag_and_pixel_are_marked_and_inert(client: httpx2.AsyncClient) -> None:
    page = (await client.get(ADDRESSES.shop)).text
    adnet = "http://adnet.localhost:8001"
    assert f'<script type="text/plain" data-right="sale share" src="{adnet}/tag.js"></script>' in page
    assert f'data-right="sale share" data-src="{adnet}/pixel"' in page
    assert f' src="{adnet}/pixel"' not in page.replace("data-src", "data-")
    assert "hostile" not in page


async def test_the_shop_leads_to_the_choices_with_title_and_icon(client: httpx2.AsyncClient) -> None:
    page = (await client.get(ADDRESSES.shop)).text
    assert 'data-privacy-choices="icon">Your Privacy Choices</a>' in page


async def test_no_policy_stands_in_the_way_of_the_hostile_script(client: httpx2.AsyncClient) -> None:
    page = await client.get(f"{ADDRESSES.shop}/?hostile")
    assert "/hostile.js" in page.text
    assert "content-security-policy" not in page.headers
    assert (await client.get(f"{ADDRESSES.adnet}/hostile.js")).status_code == 200


@pytest.mark.parametrize("file", ["shop.css", "shop.js", "lamp.svg", "table.svg", "floor.svg", "pendant.svg"])
async def test_the_shop_has_all_its_files(client: httpx2.AsyncClient, file: str) -> None:
    assert (await client.get(f"{ADDRESSES.shop}/assets/{file}")).status_code == 200


async def test_the_partner_sets_a_cookie_for_other_sites_and_keeps_a_log(client: httpx2.AsyncClient) -> None:
    tag = await client.get(f"{ADDRESSES.adnet}/tag.js", headers={"referer": f"{ADDRESSES.shop}/"})
    cookie = tag.headers["set-cookie"]
    assert {"SameSite=none", "Secure"} <= set(cookie.split("; "))
    hit = await client.get(
        f"{ADDRESSES.adnet}/hit",
        headers={"origin": ADDRESSES.shop, "cookie": cookie.partition(";")[0]},
    )
    assert hit.json() == {"recognised": True}
    assert hit.headers["access-control-allow-origin"] == ADDRESSES.shop
    log = (await client.get(f"{ADDRESSES.adnet}/log")).json()
    assert [(line["number"], line["asked"], line["recognised"]) for line in log] == [
        (1, "/tag.js", False),
        (2, "/hit", True),
    ]
    assert log[0]["from"] == f"{ADDRESSES.shop}/"


async def test_asking_for_the_log_leaves_no_line_in_it(client: httpx2.AsyncClient) -> None:
    assert (await client.get(f"{ADDRESSES.adnet}/", follow_redirects=True)).json() == []
    assert (await client.get(f"{ADDRESSES.adnet}/log")).json() == []


@pytest.mark.parametrize("url", ["http://else.localhost:8001/", "http://shop.localhost:8001/log"])
async def test_each_host_has_its_own_pages_only(client: httpx2.AsyncClient, url: str) -> None:
    assert (await client.get(url)).status_code == 404
