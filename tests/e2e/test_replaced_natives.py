"""Pages whose own scripts put something else in place of what the browser has: the widget works, the guard holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.async_api import Browser

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Shop, Written, shop
from tests.e2e.partners import FACTS, Partner, partner
from tests.e2e.replacing import BODY, NOTE, OLD_LIBRARY, THIRD, walked

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

OPTED_OUT: Final = {
    "shown": True,
    "released": True,
    "settings": True,
    "flag": "denied",
    "acknowledged": True,
    "field": 1,
    "text": "DBABBg~BUUAAACA.QAready",
    "usp": "1YYN",
    "faults": [],
}
SIGNALLED: Final = OPTED_OUT | {"released": False, "text": "DBABBg~BUUAAACA.YAready"}


@pytest.fixture(scope="module")
def partner_server() -> Iterator[Partner]:
    with partner() as server:
        yield server


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all of these tests."""
    with shop(tmp_path_factory.mktemp("shop"), FACTS) as site, site.serving():
        yield site


def replaced(*, before: str = "", after: str = "") -> Written:
    """A page with a third party's script whose own scripts stand before the stub, or after it."""
    return Written(before=NOTE + before, head=THIRD + after, body=BODY)


@pytest.mark.parametrize("denied", [False, True], ids=["by choice", "by signal"])
async def test_beside_an_old_library_a_visitor_meets_what_all_others_do(
    chromium: Browser, open_shop: Shop, partner_server: Partner, denied: bool
) -> None:
    page = replaced(after=OLD_LIBRARY)
    said = await walked(chromium, open_shop, page, partner_server.origin, denied=denied)
    assert said == (SIGNALLED if denied else OPTED_OUT)
    assert partner_server.asked == []


# The stub's frame finds no place there: the script takes what it needs from a frame of its own, which is gone after.
OWN_WAY: Final = "<script>Element.prototype.append = function () { throw Error('mine'); };</script>"


@pytest.mark.parametrize("denied", [False, True], ids=["by choice", "by signal"])
async def test_a_page_that_places_elements_its_own_way_keeps_nobody_from_opting_out(
    chromium: Browser, open_shop: Shop, partner_server: Partner, denied: bool
) -> None:
    page = replaced(after=OWN_WAY)
    met = await walked(chromium, open_shop, page, partner_server.origin, denied=denied)
    assert met == (SIGNALLED if denied else OPTED_OUT)
    assert partner_server.asked == []
