"""Waiting: the one deadline of the tests, and waits that end as soon as something has happened.

A deadline fails a test whose event never comes; it says nothing about speed. It is long, because a busy machine
may be ten times slower than a free one, and it costs nothing where the event comes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Final, TypeVar

DEADLINE: Final = 180.0
"""Seconds."""

DEADLINE_MS: Final = 1000 * DEADLINE
"""The same in milliseconds, for browsers."""

_PAUSE: Final = 0.02
"""Seconds between two looks."""

_LONG: Final = 400
"""So many looks, of more than a pause each, before acting again; a manual failover runs out after five seconds."""

_T = TypeVar("_T")


def eventually(look: Callable[[], _T], *, ignoring: Sequence[type[Exception]] = (OSError,)) -> _T:
    """Call `look` until it returns something true, and return that. Exceptions in `ignoring` count as false.

    Raises AssertionError at the deadline.
    """
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with suppress(*ignoring):
            if result := look():
                return result
        time.sleep(_PAUSE)
    raise AssertionError(f"did not happen within {DEADLINE} s")


def insisting(
    act: Callable[[], object], look: Callable[[], _T], *, ignoring: Sequence[type[Exception]] = (OSError,)
) -> _T:
    """Act, and call `look` until it returns something true, and return that; act again when it takes long.

    For what may be lost without a word: a click on a window that has not drawn yet, a manual failover that runs out.

    Raises AssertionError at the deadline.
    """
    looks = count()

    def acting() -> _T | None:
        if result := look():
            return result
        if next(looks) % _LONG == 0:
            act()
        return None

    return eventually(acting, ignoring=ignoring)  # type: ignore[return-value]  # it returns only what is true


async def eventually_async(
    look: Callable[[], Awaitable[_T]], *, ignoring: Sequence[type[Exception]] = ()
) -> _T:
    """Await `look` until it returns something true, and return that. Exceptions in `ignoring` count as false.

    Raises TimeoutError at the deadline.
    """
    async with asyncio.timeout(DEADLINE):
        while True:
            with suppress(*ignoring):
                if result := await look():
                    return result
            await asyncio.sleep(_PAUSE)
