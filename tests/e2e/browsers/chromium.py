"""Debian's Chromium, spoken to in WebDriver's words like the other browsers; Playwright says them to it.

Pages have the focus only while they are in front, as for people: Playwright would give it to all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Error, Page, sync_playwright

from tests.e2e.browsers.words import Refused, Word
from tests.support.chromium import CHROMIUM, FLAGS, MISSING

_KEYS: Final = {"\ue004": "Tab", "\ue007": "Enter", "\ue00c": "Escape", " ": "Space"}
PATIENCE: Final = 20_000  # milliseconds


class Tabs:
    """A context's tabs by handle, and the one that is spoken to."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._pages: dict[str, Page] = {}
        context.on("page", self._opened)
        self._page = context.new_page()
        self._focus_only_in_front()
        self._words: Mapping[str, Callable[..., Any]] = {
            "Navigate": lambda url: self._page.goto(url, wait_until="commit"),
            "Refresh": lambda: self._page.reload(wait_until="commit"),
            "ExecuteScript": lambda script, args: self._page.evaluate(f"() => {{ {script} }}"),
            "PerformActions": self._act,
            "GetWindowHandles": self._handles,
            "CloseWindow": lambda: self._page.close(),
            "SwitchToWindow": self._switch,
        }

    def say(self, word: Word, **given: Any) -> Any:
        """Do as told, and what the page says. Raises Refused."""
        try:
            return self._words[word.name](**given)
        except Error as error:
            raise Refused(str(error)) from error

    def _opened(self, page: Page) -> None:
        page.set_default_timeout(PATIENCE)
        self._pages[f"tab {len(self._pages)}"] = page

    def _handles(self) -> list[str]:
        self._context.cookies([])  # a question of any kind: what happened meanwhile is told with its answer
        return [name for name, page in self._pages.items() if not page.is_closed()]

    def _focus_only_in_front(self) -> None:
        session = self._context.new_cdp_session(self._page)
        session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})

    def _switch(self, handle: str, *, focus: bool = True) -> None:
        self._page = self._pages[handle]
        self._focus_only_in_front()
        if focus:
            self._page.bring_to_front()

    def _act(self, actions: Sequence[Mapping[str, Any]]) -> None:
        for source in actions:
            for action in source["actions"]:
                self._do(action)

    def _do(self, action: Mapping[str, Any]) -> None:
        kind = action["type"]
        if kind == "pointerMove":
            self._page.bring_to_front()  # a tab that a click opened may cover it, and a covered page takes none
            self._page.mouse.move(action["x"], action["y"])
        elif kind == "pointerDown":
            self._page.mouse.down()
        elif kind == "pointerUp":
            self._page.mouse.up()
        elif kind == "keyDown":
            self._page.keyboard.down(_KEYS[action["value"]])
        elif kind == "keyUp":
            self._page.keyboard.up(_KEYS[action["value"]])


@contextmanager
def chromium(folder: Path, **options: Any) -> Iterator[Tabs]:
    """A running browser with one tab; keywords as `launch_persistent_context` has them."""
    assert CHROMIUM.exists(), MISSING
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            folder / "chromium", executable_path=CHROMIUM, args=FLAGS, ignore_https_errors=True, **options
        )
        try:
            yield Tabs(context)
        finally:
            context.close()
