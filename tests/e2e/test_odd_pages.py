"""Pages whose own elements bear our names, or hide what the document knows: nothing of ours goes."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.staging import BODY, Stage
from tests.e2e.visiting import part

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]


async def test_an_element_with_our_id_does_not_take_our_place_when_the_page_is_drawn_anew(
    arrive: Arrive,
) -> None:
    page = await Stage(body=f'<a id="privacy-choices">Mine</a>{BODY}').open(await arrive())
    await expect(part(page, "opt-out")).to_be_visible()
    await page.evaluate("() => { document.documentElement.innerHTML = '<body><p>new</p></body>' }")
    await expect(part(page, "opt-out")).to_be_visible()


async def test_a_base_of_another_kind_leaves_the_banner(arrive: Arrive) -> None:
    page = await Stage(body=f'<img name="baseURI">{BODY}').open(await arrive())
    await expect(part(page, "opt-out")).to_be_visible()
