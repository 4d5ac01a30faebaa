"""Browsing: what a visitor does in any browser that speaks WebDriver's words, and what the page then says."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from consent_service.demo.site_addresses import ADNET_HOST
from tests.e2e.browsers.words import (
    ACT,
    CLICK,
    CLOSE,
    ELEMENT,
    RELOAD,
    RUN,
    SWITCH,
    TABS,
    VISIT,
    Refused,
    Wire,
    Word,
)
from tests.support.demo import Demo
from tests.support.processes import family
from tests.support.waiting import eventually, insisting

TAB: Final = "\ue004"
ENTER: Final = "\ue007"
ESCAPE: Final = "\ue00c"
SPACE: Final = " "

_ASKED: Final = "performance.getEntriesByType('resource').map((entry) => entry.name)"


@dataclass(frozen=True)
class Browser:
    """A visitor's browser: its tabs, its keys and its mouse."""

    wire: Wire

    def go(self, url: str) -> None:
        """Lead the tab that is looked at to this address, as if it had been typed."""
        self.wire.say(VISIT, url=url)

    def visited(self, url: str) -> None:
        """Go there, and wait until the document stands; go again where WebKit forgot that it was sent there."""
        self.becomes("window.left = true")
        there = url.partition("#")[0]
        stands = f"!window.left && location.href.startsWith({there!r}) && document.readyState === 'complete'"
        insisting(lambda: self.go(url), lambda: self.run(stands), ignoring=(Refused, OSError))

    def middle(self, element: str) -> tuple[float, float]:
        """The middle of this element, in the window."""
        box = f"(() => {{ const b = {element}.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }})()"
        x, y, width, height = self.run(box)
        return x + width / 2, y + height / 2

    def run(self, expression: str) -> Any:
        """Return the value of this JavaScript in the page; that of a promise as soon as it is there."""
        return self.wire.say(RUN, script=f"return ({expression})", args=[])

    def becomes(self, expression: str) -> Any:
        """Wait until this is true in the page; what it is then."""

        def look() -> Any:
            with suppress(Refused):  # between two pages there is nobody to ask
                return self.run(expression)

        return eventually(look)

    def press(self, key: str) -> None:
        """A key, pressed and let go."""
        actions = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.wire.say(ACT, actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def hold(self, key: str, times: int) -> None:
        """Press a key and keep it down: it repeats, and is never let go."""
        actions = [{"type": "keyDown", "value": key} for _ in range(times)]
        self.wire.say(ACT, actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def click_at(self, *places: tuple[float, float], times: int = 1) -> None:
        """Click these places of the window one after another, whatever is there."""
        once = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        actions: list[dict[str, Any]] = []
        for x, y in places:
            actions += [
                {"type": "pointerMove", "x": round(x), "y": round(y), "origin": "viewport"},
                *once * times,
            ]
        self.wire.say(ACT, actions=[{"type": "pointer", "id": "mouse", "actions": actions}])

    def tabs(self) -> list[str]:
        """The open tabs."""
        handles: list[str] = self.wire.say(TABS)
        return handles

    def close(self, back_to: str) -> None:
        """Close the tab that is looked at; another comes to the front."""
        self.wire.say(CLOSE)
        self.turn_to(back_to)

    def turn_to(self, tab: str) -> None:
        """Look at this tab."""
        self.wire.say(SWITCH, handle=tab)

    def reach_into(self, tab: str) -> None:
        """Speak to this tab where it is, behind the one that is looked at."""
        self.wire.say(SWITCH, handle=tab, focus=False)

    def only_one_tab(self) -> None:
        """Close all but the first tab, and look at that."""
        first, *others = self.tabs()
        for tab in others:
            self.turn_to(tab)
            self.wire.say(CLOSE)
        self.turn_to(first)


@dataclass(frozen=True)
class Browsing(Browser):
    """One visitor's browser, with one tab open, beside the demo."""

    demo: Demo

    def visit(self, *, until: str = "privacyChoices.ready", url: str = "") -> None:
        """Open this page, or the demo's shop, and wait for what the expression promises."""
        self.go(url or f"{self.demo.addresses.shop}/", until=until)

    def go(self, url: str, *, until: str = "true") -> None:
        """Open a page, and wait for what this expression promises."""
        self._leave(VISIT, url=url)
        self.run(until)

    def reload(self) -> None:
        """Load the page again, until the script has its answer."""
        self._leave(RELOAD)
        self.run("privacyChoices.ready")

    def _leave(self, word: Word, **given: Any) -> None:
        """Go, and wait until another document is there; its scripts and pictures may still be on their way."""
        self.becomes("window.left = true")
        self.wire.say(word, **given)
        # On the way there may be an empty document, of no host.
        self.becomes("!window.left && location.host !== '' && document.readyState !== 'loading'")

    def flag(self) -> dict[str, Any]:
        """Return the flag that a tag on this page would get now."""
        said: dict[str, Any] = self.run("privacyChoices.flag()")
        return said

    def is_seen(self, element: str) -> bool:
        """Return True if this element is there, takes up room in the window, and nothing lies over its middle."""
        seen: bool = self.run(
            f"(() => {{ const element = {element}; if (!element) return false;"
            "const box = element.getBoundingClientRect();"
            "const at = element.getRootNode().elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
            "return box.width > 0 && box.height > 0 && element.contains(at); })()"
        )
        return seen

    def click(self, element: str) -> None:
        """A visitor's click, which browsers trust."""
        found = self.run(element)
        self.wire.say(CLICK, id=found[ELEMENT])

    def asked_of_partner(self) -> list[str]:
        """Return the partner's addresses that this page has requested, as the browser counts it."""
        return [url for url in self.run(_ASKED) if ADNET_HOST in url]


def part(name: str) -> str:
    """JavaScript for a part of the banner, the status or the settings."""
    return f"document.querySelector('#privacy-choices').shadowRoot.querySelector('#privacy-choices-{name}')"


@contextmanager
def hanging(demo: Demo) -> Iterator[None]:
    """The service takes connections and answers nothing, until the block ends."""
    service = family(demo.process.pid)[1:]
    for pid in service:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in service:
            os.kill(pid, signal.SIGCONT)
