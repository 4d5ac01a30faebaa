"""Pages whose own scripts put something else in place of what the browser has: the widget works, the guard holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.browsers.dirty import Dirt, dirt
from tests.e2e.browsers.webkit import Screen
from tests.e2e.partners import FACTS, Partner, partner
from tests.e2e.replacing import (
    AFTER,
    BEFORE,
    BESIDE_AN_OLD_LIBRARY,
    FRAMING,
    KINDS,
    PLACING_ITS_OWN_WAY,
    WITHOUT_US,
    call,
    natives,
)

pytestmark = pytest.mark.e2e

OFTEN: Final = ("#map", "#createElement", "Map", "URL", "Promise", "fetch")
"""Names that pages replace; all others are tried by the soak."""
NOT_HELD: Final = {"#createScript", "#createScriptURL", "#then", "#toString", "performance"}
"""Known to break the widget: a page that replaced one of these shows no banner, runs no tag, or hears an error."""
BEFORE_OFTEN: Final = (
    *("Proxy", "Object", "Reflect", "DOMParser", "Promise", "URL", "Map", "XMLHttpRequest", "setTimeout"),
    *("#join", "#toString", "#matchAll", "#exec", "#push", "#createElement", "#setAttribute", "#then"),
)
"""Names that the stub and the guard take first; all others are tried by the soak."""
OPTED_OUT: Final = {
    "shown": True,
    "released": True,
    "settings": True,
    "acknowledged": True,
    "flag": "denied",
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
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dirt]:
    """Chromium on a clean page that frames the others."""
    folder = tmp_path_factory.mktemp("replaced")
    with dirt("chromium", folder, Screen(Path(), ""), FACTS) as page:
        page.shop.pages |= {"/": FRAMING, "/after": AFTER, "/old": BESIDE_AN_OLD_LIBRARY}
        page.shop.pages |= {"/placing": PLACING_ITS_OWN_WAY, "/before": BEFORE, "/without": WITHOUT_US}
        page.browsing.go(page.shop.origin)
        yield page


def walked(page: Dirt, to: str, path: str, names: Sequence[str] = (), kind: str = "", **more: bool) -> Any:
    """Return what a new visitor meets on that page with these names replaced."""
    return page.run(call("walk", {"path": path, "to": to, "names": names, "kind": kind, **more}))


@pytest.mark.parametrize("signal", [False, True], ids=["by choice", "by signal"])
def test_beside_an_old_library_a_visitor_meets_what_all_others_do(
    opened: Dirt, partner_server: Partner, signal: bool
) -> None:
    said = walked(opened, partner_server.origin, "/old", signal=signal, denied=signal)
    assert said == (SIGNALLED if signal else OPTED_OUT)
    assert partner_server.asked == []


@pytest.mark.parametrize("signal", [False, True], ids=["by choice", "by signal"])
def test_a_page_that_places_elements_its_own_way_keeps_nobody_from_opting_out(
    opened: Dirt, partner_server: Partner, signal: bool
) -> None:
    met = walked(opened, partner_server.origin, "/placing", signal=signal, denied=signal)
    assert met == (SIGNALLED if signal else OPTED_OUT)
    assert partner_server.asked == []


def failures(page: Dirt, to: str, names: Sequence[str], kind: str) -> dict[str, Any]:
    """Return what a visitor meets where it is not what all others do, by the name that was replaced alone."""
    said = {name: walked(page, to, "/after", [name], kind) for name in names}
    return {name: met for name, met in said.items() if met != OPTED_OUT}


@pytest.mark.parametrize("kind", KINDS)
def test_behind_the_stub_a_page_replaces_what_pages_do_and_a_visitor_meets_what_all_others_do(
    opened: Dirt, partner_server: Partner, kind: str
) -> None:
    assert set(OFTEN) <= set(opened.run(natives()))
    assert failures(opened, partner_server.origin, OFTEN, kind) == {}
    assert partner_server.asked == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_replaced_behind_the_stub_a_visitor_meets_what_all_others_do(
    opened: Dirt, partner_server: Partner, kind: str
) -> None:
    names = [name for name in opened.run(natives()) if name not in NOT_HELD]
    assert failures(opened, partner_server.origin, names, kind) == {}
    assert partner_server.asked == []


def denies(spoken: dict[str, Any]) -> bool:
    """Return True if these words say opted out, or nothing."""
    text = spoken["text"]
    return (
        spoken["flag"] in ("denied", None)
        and spoken["field"] in (1, None)
        and (text is None or text == "not ready" or text.startswith("DBABBg~BUUAAACA."))
        and spoken["usp"] in ("1YYN", None)
    )


def lifted(page: Dirt, server: Partner, names: Sequence[str], kind: str) -> dict[str, Any]:
    """Return what somebody meets whose denial stands, where it is less than that or breaks the page, by name."""
    walked(page, server.origin, "/after")
    server.asked.clear()
    found = {}
    for name in names:
        to = {"to": server.origin, "names": [name], "kind": kind}
        met = page.run(call("look", to | {"path": "/before"}))
        asked = list(server.asked)
        server.asked.clear()
        alone = page.run(call("look", to | {"path": "/without"}))
        server.asked.clear()
        denied = denies(met["early"]) and denies(met["late"]) and not met["released"]
        if not denied or asked or met["works"] != alone["works"]:
            found[name] = met | {"asked": asked, "without us": alone["works"]}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_was_replaced_before_the_stub_a_denial_stands_and_the_page_works(
    opened: Dirt, partner_server: Partner, kind: str
) -> None:
    assert lifted(opened, partner_server, BEFORE_OFTEN, kind) == {}


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_each_name_replaced_before_the_stub_a_denial_stands_and_the_page_works(
    opened: Dirt, partner_server: Partner, kind: str
) -> None:
    assert lifted(opened, partner_server, opened.run(natives()), kind) == {}
