"""Settlement: a worker thread hands results back to the event loops that wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple


class Settlement(NamedTuple):
    """A future and its result; `value` is raised when it is an exception."""

    future: asyncio.Future[Any]
    value: object


def settle_futures(outcomes: Iterable[Settlement]) -> None:
    """Set the results of futures of the running loop; skip those whose callers have gone."""
    for future, value in outcomes:
        if future.done():
            continue
        if isinstance(value, Exception):
            future.set_exception(value)
        else:
            future.set_result(value)


def settle_from_thread(outcomes: Iterable[Settlement]) -> None:
    """Set the results of futures from another thread, with one call into each loop; skip loops that were closed."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Settlement]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome.future.get_loop(), []).append(outcome)
    for loop, settled in by_loop.items():
        with suppress(RuntimeError):  # raised by a loop that was closed: nobody waits on it
            loop.call_soon_threadsafe(settle_futures, settled)
