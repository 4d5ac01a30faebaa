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

_ON_TIME: Final = 0.05
"""Seconds by which a timer may be late in a loop that is not overrun."""

T = TypeVar("T")


async def within(seconds: float, asking: Coroutine[Any, Any, T], otherwise: str) -> T:
    """What the store answers within so many seconds. Raises StoreTimeout with `otherwise`.

    An answer that is there counts even when a busy event loop comes to it late. `asyncio.timeout` would throw it
    away, and with it the word that a choice was made durable; so here the timer only asks for one more turn of
    the loop, in which an answer that came before it is seen first. A loop that comes late to the timer itself was
    away, and what it had to send waited too: the store is given that time once more.
    """
    loop = asyncio.get_running_loop()
    patience = _Patience(loop, asyncio.current_task(), seconds)
    try:
        return await asking
    except asyncio.CancelledError:
        if patience.ended():
            raise StoreTimeout(otherwise) from None
        raise
    finally:
        patience.keep()


class _Patience:
    """One wait's end: ask for one more turn, then give up."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any] | None, seconds: float
    ) -> None:
        self._loop = loop
        self._task = task
        self._due = loop.time() + seconds
        self._next: asyncio.Handle = loop.call_at(self._due, self._look)
        self._gave_up = False

    def keep(self) -> None:
        """The wait is over: nothing may be given up any more."""
        self._next.cancel()

    def ended(self) -> bool:
        """Whether the cancellation that was just seen is this wait's own, and nobody else's besides."""
        return self._gave_up and self._task is not None and self._task.uncancel() == 0

    def _look(self) -> None:
        late = self._loop.time() - self._due
        if late > _ON_TIME:
            self._next = self._loop.call_later(late, self._last_turn)
        else:
            self._last_turn()

    def _last_turn(self) -> None:
        self._next = self._loop.call_soon(self._give_up)

    def _give_up(self) -> None:
        self._gave_up = True
        if self._task is not None:
            self._task.cancel()
