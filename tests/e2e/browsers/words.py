"""WebDriver's words, as far as the walk needs them, and what both browsers call them.

Firefox hears them over a socket of its own (Marionette), WebKit through a driver that speaks HTTP; what they mean
is the same standard for both. Knows no process and no socket. https://www.w3.org/TR/webdriver2/
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol


class Word(NamedTuple):
    """One command: its name for Firefox; method and path, below the session, for WebKit."""

    name: str
    method: str
    path: str


VISIT: Final = Word("Navigate", "POST", "url")
RELOAD: Final = Word("Refresh", "POST", "refresh")
RUN: Final = Word("ExecuteScript", "POST", "execute/sync")
CLICK: Final = Word("ElementClick", "POST", "element/{id}/click")
ACT: Final = Word("PerformActions", "POST", "actions")
TABS: Final = Word("GetWindowHandles", "GET", "window/handles")
CLOSE: Final = Word("CloseWindow", "DELETE", "window")
SWITCH: Final = Word("SwitchToWindow", "POST", "window")

ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""The standard's key for an element in an answer. https://www.w3.org/TR/webdriver2/#elements"""


class Wire(Protocol):
    """A way to a running browser."""

    def say(self, word: Word, **given: Any) -> Any:
        """The browser's answer. Raises Refused."""


class Refused(Exception):
    """The browser could not do as it was told."""
