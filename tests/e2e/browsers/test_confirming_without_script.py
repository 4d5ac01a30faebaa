"""Rules 1 and 3 where the confirm page's script does not run: two pages, three presses, each read first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest

from tests.e2e.attacking import Asked, Scene
from tests.e2e.browsers.browsing import ENTER, SPACE, Browser
from tests.e2e.browsers.chromium import chromium
from tests.e2e.browsers.firefox import firefox
from tests.e2e.browsers.webkit import Screen, webkit
from tests.e2e.browsers.words import Refused
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

YES: Final = "document.querySelector('[value=yes]')"
NO: Final = "document.querySelector('[value=no]')"
CONTINUE: Final = "document.querySelector('main button:not([disabled])')"
CONFIRM: Final = "document.querySelector('.again button')"
HEADING: Final = "document.querySelector('h1')?.textContent"
FIRST, AGAIN = f"{HEADING} === 'Confirm your choice'", f"{HEADING} === 'Please confirm once more'"


@pytest.fixture(scope="module")
def scriptless(
    engine: str, attacked: Scene, tmp_path_factory: pytest.TempPathFactory, webkit_screen: Screen
) -> Iterator[Browser]:
    """A browser that runs no script; it ends before the service does."""
    folder = tmp_path_factory.mktemp(engine)
    if engine == "chromium":
        with chromium(folder, java_script_enabled=False) as tabs:
            yield Browser(tabs)
    elif engine == "firefox":
        with firefox(folder, {"javascript.enabled": False}) as marionette:
            yield Browser(marionette)
    else:
        with webkit(webkit_screen, "--enable-javascript=false") as session:
            yield Browser(session)


def came(visitor: Browser, page: str) -> None:
    """Wait until this page stands."""
    visitor.becomes(f"{page} && document.readyState === 'complete'")


def answered_yes(visitor: Browser, attacked: Scene, asked: Asked) -> None:
    """Answer the first page, after reading it, so that the second one is there."""
    visitor.visited(asked.url)
    visitor.click_at(visitor.middle(YES))
    attacked.time_passes()
    visitor.click_at(visitor.middle(CONTINUE))
    came(visitor, AGAIN)


@pytest.mark.parametrize("signal", [False, True], ids=["opted out", "with a signal"])
def test_somebody_who_reads_both_pages_confirms(scriptless: Browser, attacked: Scene, signal: bool) -> None:
    asked = attacked.asked(signal=signal)
    answered_yes(scriptless, attacked, asked)
    assert attacked.basis(asked) == asked.basis
    attacked.time_passes()
    scriptless.click_at(scriptless.middle(CONFIRM))
    eventually(lambda: attacked.basis(asked) == asked.confirmed)


def test_answering_no_leaves_everything_as_it_was(scriptless: Browser, attacked: Scene) -> None:
    asked = attacked.asked(signal=False)
    scriptless.visited(asked.url)
    scriptless.click_at(scriptless.middle(NO))
    attacked.time_passes()
    scriptless.click_at(scriptless.middle(CONTINUE))
    came(scriptless, f"{HEADING} === 'Nothing was changed'")
    assert attacked.basis(asked) == asked.basis


def test_no_place_that_is_clicked_again_and_again_confirms(scriptless: Browser, attacked: Scene) -> None:
    """However patient the clicks are, and wherever they fall."""
    asked = attacked.asked(signal=True)
    answered_yes(scriptless, attacked, asked)
    places = [scriptless.middle(CONFIRM)]
    scriptless.visited(asked.url)
    x, _ = places[0]
    places += [scriptless.middle(element) for element in (YES, NO, CONTINUE)]
    places += [(x, y) for y in range(90, 560, 45)]
    for place in places:
        scriptless.visited(asked.url)
        for _ in range(3):
            attacked.time_passes()
            with suppress(Refused):  # between two pages there is nothing to click
                scriptless.click_at(place, times=2)
        assert attacked.basis(asked) == asked.basis, place


def test_a_double_click_or_a_held_key_on_the_first_page_does_nothing_on_the_second(
    scriptless: Browser, attacked: Scene
) -> None:
    asked = attacked.asked(signal=True)
    scriptless.visited(asked.url)
    scriptless.click_at(scriptless.middle(YES))
    place = scriptless.middle(CONTINUE)
    attacked.time_passes()
    scriptless.run("window.left = true")
    scriptless.click_at(place, times=2)
    came(scriptless, f"!window.left && ({FIRST} || {AGAIN})")
    answered_yes(scriptless, attacked, asked)
    attacked.time_passes()
    for _ in range(3):
        scriptless.click_at(place)
        for key in (ENTER, SPACE):
            scriptless.press(key)
    assert scriptless.run(AGAIN)
    assert attacked.basis(asked) == asked.basis
