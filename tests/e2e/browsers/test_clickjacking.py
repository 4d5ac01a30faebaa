"""Rules 1 and 3: whatever another page does with the confirm page, no decoy click or key opts anybody in.

Each way in is tried in three engines, over TLS, on a visitor who opted out and on one with a signal; between two
presses as much time passes on the service's clock as it demands of a reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, combinations
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.attacking import Asked, Scene
from tests.e2e.browsers.browsing import ENTER, SPACE, Browser
from tests.e2e.browsers.chromium import chromium
from tests.e2e.browsers.firefox import firefox
from tests.e2e.browsers.webkit import Screen, webkit
from tests.e2e.browsers.words import Refused
from tests.support.waiting import eventually, insisting

pytestmark = pytest.mark.e2e

BUTTON: Final = "document.querySelector('.scripted button')"
AWAKE: Final = f"{BUTTON} !== null && !{BUTTON}.disabled"
LONG_ENOUGH: Final = 4_500
"""Milliseconds of a page's own time, after which its button would be awake if nothing kept it asleep."""

_FLAGS: Final = ("allow-forms", "allow-same-origin", "allow-scripts", "allow-popups")
_OUT: Final = "allow-popups-to-escape-sandbox allow-top-navigation allow-modals"


def some_of(flags: Sequence[str]) -> list[str]:
    """Every combination of these flags, as `sandbox` has them."""
    sizes = range(len(flags) + 1)
    return [" ".join(one) for one in chain.from_iterable(combinations(flags, size) for size in sizes)]


@pytest.fixture(scope="module")
def lasting(
    engine: str, attacked: Scene, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser | None]:
    """One browser for all tests, where it bears windows that come and go; it ends before the service does."""
    folder = tmp_path_factory.mktemp(engine)
    if engine == "chromium":
        with chromium(folder, ignore_default_args=["--disable-back-forward-cache"]) as tabs:
            yield Browser(tabs)
    elif engine == "firefox":
        with firefox(folder) as marionette:
            yield Browser(marionette)
    else:
        yield None


@pytest.fixture
def victim(lasting: Browser | None, webkit_screen: Screen) -> Iterator[Browser]:
    """A browser with one tab."""
    if lasting is None:
        with webkit(webkit_screen) as session:
            yield Browser(session)
    else:
        lasting.only_one_tab()
        yield lasting


@pytest.fixture
def asked(attacked: Scene) -> Asked:
    """Pending second step of a visitor who opted out and has a signal on record."""
    return attacked.asked(signal=True)


def hammer(victim: Browser, place: tuple[float, float]) -> None:
    """Click this place again and again, until the page has been there for long enough."""
    while victim.run("performance.now()") < LONG_ENOUGH:
        victim.click_at(place)


def opened_by_click(victim: Browser, place: tuple[float, float]) -> str:
    """The tab that a click on this place opened; a frame that is not yet there takes no click."""
    before = set(victim.tabs())

    def clicked() -> set[str]:
        victim.click_at(place)
        return set(victim.tabs()) - before

    return eventually(clicked).pop()


def decoys(victim: Browser, places: Sequence[tuple[float, float]]) -> None:
    """Click these places, as far as there is a page to click."""
    with suppress(Refused):
        victim.click_at(*places)


# --- what a visitor does --------------------------------------------------------------------------


@pytest.mark.parametrize("signal", [False, True], ids=["opted out", "with a signal"])
def test_somebody_who_reads_and_presses_confirms(victim: Browser, attacked: Scene, signal: bool) -> None:
    asked = attacked.asked(signal=signal)
    victim.visited(asked.url)
    victim.becomes(AWAKE)
    attacked.time_passes()
    victim.click_at(victim.middle(BUTTON))
    eventually(lambda: attacked.basis(asked) == asked.confirmed)


# --- frames ---------------------------------------------------------------------------------------

WIDTH, HEIGHT, SCALE = 600, 640, 0.1
AT_ONCE: Final = 12
"""Frames side by side in one page."""
HEIGHTS: Final = range(340, 600, 40)
"""Places of the clicks in each of them, close enough to miss no button: one a visit, since it may lead elsewhere."""
STYLE: Final = f"""<style>body {{ margin: 0; display: flex }}
div {{ width: {WIDTH * SCALE}px; height: {HEIGHT * SCALE}px; overflow: hidden }}
iframe, object, embed {{ width: {WIDTH}px; height: {HEIGHT}px; border: 0; display: block;
transform: scale({SCALE}); transform-origin: 0 0 }}</style>"""


@pytest.fixture
def framing(
    lasting: Browser | None, engine: str, webkit_screen: Screen, attacked: Scene, tmp_path: Path
) -> Iterator[Browser]:
    """A browser whose driver clicks inside frames, too: Firefox with all of a page in one process."""
    if engine == "firefox":
        with firefox(tmp_path, {"fission.autostart": False}) as marionette:
            yield Browser(marionette)
    elif lasting:
        lasting.only_one_tab()
        yield lasting
    else:
        with webkit(webkit_screen) as session:
            yield Browser(session)


def test_the_confirm_page_can_be_pressed_in_no_frame_and_no_sandbox(
    framing: Browser, attacked: Scene, asked: Asked
) -> None:
    frames = [
        *(f'<iframe src="{asked.url}" sandbox="{flags}"></iframe>' for flags in some_of(_FLAGS)),
        *(f'<iframe src="{asked.url}" sandbox="{flags} {_OUT}"></iframe>' for flags in some_of(_FLAGS)),
        f'<iframe src="{asked.url}"></iframe>',
        f'<object data="{asked.url}" type="text/html"></object>',
        f'<embed src="{asked.url}" type="text/html">',
        f"<iframe srcdoc='<iframe width={WIDTH} height={HEIGHT} src=&quot;{asked.url}&quot;>'></iframe>",
    ]
    for at in range(0, len(frames), AT_ONCE):
        some = frames[at : at + AT_ONCE]
        page = attacked.write(f"/frames/{at}", STYLE + "".join(f"<div>{frame}</div>" for frame in some))
        for height in HEIGHTS:
            framing.visited(f"{page}?{height}")
            attacked.time_passes()
            decoys(framing, [((number + 0.2) * WIDTH * SCALE, height * SCALE) for number in range(len(some))])
            assert attacked.basis(asked) == asked.basis, some


# --- windows --------------------------------------------------------------------------------------

LINK: Final = "display:block;width:400px;height:300px"
COVERING: Final = "margin:0;border:0;display:block;width:100vw;height:100vh"
INNER: Final = (
    '<body style="margin:0"><a href="{url}" target="{target}" rel="opener" style="{link}">You won</a>'
)
OUTER: Final = (
    '<body style="margin:0"><iframe src="/inner" sandbox="{flags}" style="{link};border:0"></iframe>'
)


@pytest.mark.parametrize("flags", some_of(("allow-forms", "allow-same-origin", "allow-scripts")))
def test_the_confirm_page_can_be_pressed_in_no_window_opened_from_a_sandbox(
    victim: Browser, attacked: Scene, flags: str
) -> None:
    asked = attacked.asked(signal="forms" not in flags)
    victim.visited(asked.url)
    (x, y), height = victim.middle(BUTTON), victim.run("innerHeight")
    places = [(x, y), *((x, place) for place in range(150, height, 25))]
    attacked.write("/inner", INNER.format(url=asked.url, target="_blank", link=LINK))
    victim.visited(attacked.write("/outer", OUTER.format(flags=f"allow-popups {flags}", link=LINK)))
    pages = len(attacked.confirm_pages())
    victim.turn_to(opened_by_click(victim, (100, 100)))
    eventually(lambda: len(attacked.confirm_pages()) > pages)
    for _ in range(3):
        attacked.time_passes()
        decoys(victim, places)
    assert attacked.basis(asked) == asked.basis


def click_until_left(victim: Browser, attacked: Scene, place: tuple[float, float]) -> None:
    """Double-click until the confirm page is asked for: a window takes no click before it has drawn its page.

    The service is asked, not the window: WebKit's driver never answers a question to a page that is being replaced.
    """
    before = len(attacked.confirm_pages())
    insisting(
        lambda: victim.click_at(place, times=2),
        lambda: len(attacked.confirm_pages()) > before,
        ignoring=[Refused],  # between two pages there is nothing to click on
    )


@pytest.mark.parametrize("way", ["a link out of a frame", "window.open", "the tab itself"])
def test_no_click_that_goes_on_while_the_confirm_page_loads_presses_its_button(
    victim: Browser, attacked: Scene, asked: Asked, way: str
) -> None:
    """Double clicks, and games in which one clicks and clicks."""
    victim.visited(asked.url)
    place = victim.middle(BUTTON)
    attacked.write("/inner", INNER.format(url=asked.url, target="_top", link=COVERING))
    pages = {
        "a link out of a frame": f'<body><iframe src="/inner" sandbox="allow-top-navigation" style="{COVERING}">',
        "window.open": f"""<body style="{COVERING}" onclick="open('{asked.url}', 'named', 'left=0,top=0')">""",
        "the tab itself": f"""<body style="{COVERING}" onmousedown="location = '{asked.url}'">""",
    }
    victim.visited(attacked.write("/decoy", pages[way]))
    if way == "window.open":
        victim.turn_to(opened_by_click(victim, place))
    else:
        click_until_left(victim, attacked, place)
    victim.becomes(f"{BUTTON} !== null")
    attacked.time_passes()
    hammer(victim, place)
    assert victim.run(f"{BUTTON}.disabled")
    assert attacked.basis(asked) == asked.basis


def test_a_page_that_opened_the_confirm_page_can_neither_reach_move_nor_hurry_it(
    victim: Browser, attacked: Scene, asked: Asked
) -> None:
    opens = f"window.opened = open('{asked.url}', 'named', 'width=600,height=600')"
    victim.visited(attacked.write("/opener", f'<body style="{COVERING}" onclick="{opens}">'))
    (first,) = victim.tabs()
    tab = opened_by_click(victim, (100, 100))
    victim.turn_to(tab)
    victim.becomes(f"{BUTTON} !== null")
    assert victim.run("[window.opener, window.name]") == [None, ""]
    victim.reach_into(first)
    victim.becomes("window.opened.closed")  # what it holds is nobody's window any more
    victim.run("(opened.close(), opened.postMessage(1, '*'), opened.focus())")
    victim.reach_into(tab)
    assert victim.run("document.querySelector('h1') !== null")
    assert attacked.basis(asked) == asked.basis


def test_the_confirm_button_is_disabled_behind_another_page_and_when_the_visitor_finds_it(
    victim: Browser, attacked: Scene, asked: Asked
) -> None:
    over = attacked.write("/over", "<p>Something to look at")
    opens = f"window.open(window.next || '{asked.url}'); window.next = '{over}'"
    victim.visited(attacked.write("/opener", f'<body style="{COVERING}" onclick="{opens}">'))
    (first,) = victim.tabs()
    tab = opened_by_click(victim, (100, 100))
    victim.turn_to(tab)
    victim.becomes(f"{BUTTON} !== null")
    victim.run(f"addEventListener('focus', () => {{ window.found = {BUTTON}.disabled }})")
    victim.turn_to(first)
    in_front = opened_by_click(victim, (100, 100))
    victim.turn_to(in_front)
    victim.becomes("document.hasFocus()")
    victim.reach_into(tab)
    victim.becomes(f"performance.now() > {LONG_ENOUGH}")
    assert victim.run(f"[document.hasFocus(), {BUTTON}.disabled]") == [False, True]
    for other in (in_front, first):
        victim.reach_into(other)
        victim.close(tab)
    victim.becomes("window.found === true")
    assert attacked.basis(asked) == asked.basis


# --- keys and fragments ---------------------------------------------------------------------------


def test_a_held_key_does_not_press_the_confirm_button(victim: Browser, attacked: Scene, asked: Asked) -> None:
    victim.visited(asked.url)
    attacked.time_passes()
    while victim.run("performance.now()") < LONG_ENOUGH:
        for key in (ENTER, SPACE):
            victim.hold(key, 5)
            victim.press(key)
    assert victim.run(f"{BUTTON}.disabled")
    victim.becomes(AWAKE)
    for key in (ENTER, SPACE):
        victim.press(key)
    assert victim.run("document.activeElement === document.body")
    assert attacked.basis(asked) == asked.basis


FRAGMENTS: Final = (
    *("privacy-choices-confirm", "confirm", "scripted", "answer", "yes", "form_token", "button", "top"),
    *(":~:text=Confirm", ":~:text=Back", "confirm:~:text=Nothing%20changes"),
)


def test_no_fragment_focuses_anything_on_the_confirm_page(
    victim: Browser, attacked: Scene, asked: Asked
) -> None:
    for fragment in FRAGMENTS:
        victim.visited(attacked.write("/between", "<p>So that the page is loaded anew"))
        victim.visited(f"{asked.url}#{fragment}")
        assert victim.run("document.activeElement === document.body"), fragment
    victim.becomes(AWAKE)
    attacked.time_passes()
    for key in (ENTER, SPACE):
        victim.press(key)
    assert victim.run("document.activeElement === document.body")
    assert attacked.basis(asked) == asked.basis


# --- pages that are there before they are shown ---------------------------------------------------


def test_the_confirm_page_is_never_prefetched_or_prerendered(
    victim: Browser, attacked: Scene, asked: Asked, engine: str
) -> None:
    rules = json.dumps(
        {kind: [{"urls": [asked.url], "eagerness": "immediate"}] for kind in ("prefetch", "prerender")}
    )
    ahead = f'<script type="speculationrules">{rules}</script>' + "".join(
        f'<link rel="{kind}" href="{asked.url}">' for kind in ("prefetch", "prerender", "next")
    )
    already = len(attacked.confirm_pages())
    victim.visited(attacked.write("/ahead", ahead))
    if engine != "webkit":  # which fetches nothing ahead
        eventually(lambda: 403 in attacked.confirm_pages()[already:])
    assert 200 not in attacked.confirm_pages()[already:]
    victim.visited(asked.url)
    hammer(victim, victim.middle(BUTTON))
    assert attacked.basis(asked) == asked.basis


def test_the_confirm_button_is_disabled_after_going_back_to_the_page(
    victim: Browser, attacked: Scene, asked: Asked
) -> None:
    victim.visited(asked.url)
    place = victim.middle(BUTTON)
    victim.becomes(AWAKE)
    attacked.time_passes()
    back = f'<body style="{COVERING}" onmousedown="this.onmousedown = null; history.back()">'
    victim.visited(attacked.write("/after", back))
    victim.click_at(place, times=2)
    victim.becomes(f"{BUTTON} !== null && document.readyState === 'complete'")
    hammer(victim, place)
    assert attacked.basis(asked) == asked.basis
