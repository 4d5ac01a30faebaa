"""Waiting: for the store, but not for ever.

Knows nothing of what is waited for.
"""

from __future__ import annotations

import asyncio
from collections import deque
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


class Patience:
    """So many seconds for each of many answers; all that wait share one timer of the loop.

    An answer that is there counts even when a busy event loop comes to it late. `asyncio.timeout` would throw it
    away, and with it the word that a choice was made durable; so here the timer only asks for one more turn of
    the loop, in which an answer that came before it is seen first. A loop that comes late to the timer itself was
    away, and what it had to send waited too: the store is given that time once more.
    """

    def __init__(self, seconds: float, otherwise: str) -> None:
        self._seconds = seconds
        self._otherwise = otherwise
        self._waits: deque[_Wait] = deque()  # all wait equally long, so the first is the first to be due
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, asking: Coroutine[Any, Any, T]) -> T:
        """What was asked for. Raises StoreTimeout with `otherwise`."""
        loop = asyncio.get_running_loop()
        wait = _Wait(loop, asyncio.current_task(loop), loop.time() + self._seconds)
        self._waits.append(wait)
        if self._timer is None:
            self._timer = loop.call_at(wait.due, self._look, loop)
        try:
            return await asking
        except asyncio.CancelledError:
            if wait.gave_up_alone():
                raise StoreTimeout(self._otherwise) from None
            raise
        finally:
            wait.end()
            self._forget()

    def _forget(self) -> None:
        """Let go of the waits that are over, and of the timer when nobody waits."""
        waits = self._waits
        while waits and waits[0].over:
            waits.popleft()
        if not waits and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """The timer: see to whoever is due, and come again for the next."""
        now = loop.time()
        while self._waits and self._waits[0].due <= now:
            self._waits.popleft().look(now)
        self._timer = loop.call_at(self._waits[0].due, self._look, loop) if self._waits else None


def reading_patience(seconds: float) -> Patience:
    """For what is read from the store."""
    return Patience(seconds, f"no answer from the store within {seconds} s")


class _Wait:
    """One wait, and its end: ask for one more turn, then give up."""

    __slots__ = ("_gave_up", "_loop", "_next", "_task", "due", "over")

    def __init__(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any] | None, due: float) -> None:
        self._loop = loop
        self._task = task
        self._next: asyncio.Handle | None = None
        self._gave_up = False
        self.due = due
        self.over = False

    def end(self) -> None:
        """The wait is over: nothing may be given up any more."""
        self.over = True
        if self._next is not None:
            self._next.cancel()

    def gave_up_alone(self) -> bool:
        """Whether the cancellation that was just seen is this wait's own, and nobody else's besides."""
        return self._gave_up and self._task is not None and self._task.uncancel() == 0

    def look(self, now: float) -> None:
        """It is due."""
        late = now - self.due
        if self.over:
            return
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
