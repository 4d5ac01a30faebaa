"""Tasks: what the main thread of a page did, read from Chromium's trace. Pure.

A task's own processor time is what counts, as throttled: how long it took by the clock also tells what else the
machine was at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

CATEGORIES: Final = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
LONG: Final = 50.0
"""Milliseconds that make a task a long one. https://www.w3.org/TR/longtasks-1/#sec-terminology"""

Event = Mapping[str, Any]


def of_page(events: Iterable[Event], address: str) -> tuple[float, ...]:
    """Milliseconds of processor time of each task of the thread that parsed the page at this address."""
    every = list(events)
    threads = {_thread(event) for event in every if _parsed(event) == address}
    return tuple(
        event["tdur"] / 1000
        for event in every
        if event["name"] == "RunTask" and "tdur" in event and _thread(event) in threads
    )


def _parsed(event: Event) -> str | None:
    """The address of the document that this event tells the parsing of."""
    if event["name"] != "ParseHTML":
        return None
    address: str | None = event["args"].get("beginData", {}).get("url")
    return address


def _thread(event: Event) -> tuple[int, int]:
    return event["pid"], event["tid"]
