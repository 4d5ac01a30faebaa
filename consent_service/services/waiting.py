"""Waiting: for the store, but not for ever.

Knows nothing of what is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from consent_service.errors import StoreTimeout

READ_TIMEOUT: Final = 0.25
"""Seconds. Behind it a flag is "denied, unavailable": it is asked before every ad."""

COMMIT_TIMEOUT: Final = 2.0
"""Seconds, for writes and what they read. Behind it the answer is 503, and the retry carries the same `id`."""

T = TypeVar("T")


async def within(seconds: float, asking: Coroutine[Any, Any, T], otherwise: str) -> T:
    """What the store answers within so many seconds. Raises StoreTimeout with `otherwise`.

    An answer that is there counts even when a busy event loop comes to it late. `asyncio.timeout` would throw it
    away, and with it the word that a choice was made durable; so here the timer only asks for one more turn of
    the loop, in which an answer that came before it is seen first.
    """
    loop = asyncio.get_running_loop()
    patience = _Patience(loop, asyncio.current_task())
    timer = loop.call_later(seconds, patience.last_turn)
    try:
        return await asking
    except asyncio.CancelledError:
        if patience.ended():
            raise StoreTimeout(otherwise) from None
        raise
    finally:
        timer.cancel()
        patience.keep()


class _Patience:
    """One wait's end: ask for one more turn, then give up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any] | None) -> None:
        self._loop = loop
        self._task = task
        self._turn: asyncio.Handle | None = None
        self._gave_up = False

    def last_turn(self) -> None:
        self._turn = self._loop.call_soon(self._give_up)

    def keep(self) -> None:
        """The wait is over: nothing may be given up any more."""
        if self._turn is not None:
            self._turn.cancel()

    def ended(self) -> bool:
        """Whether the cancellation that was just seen is this wait's own, and nobody else's besides."""
        return self._gave_up and self._task is not None and self._task.uncancel() == 0

    def _give_up(self) -> None:
        self._gave_up = True
        if self._task is not None:
            self._task.cancel()
