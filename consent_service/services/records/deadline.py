"""Deadline: a time limit for waits on the store or on a caller. Knows nothing of what is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from math import inf
from typing import Any, Final, TypeVar

from consent_service.errors import StoreTimeout

READ_TIMEOUT: Final = 0.25
"""Seconds. After it a flag is "denied, unavailable": it is asked before every ad."""

COMMIT_TIMEOUT: Final = 2.0
"""Seconds, for writes and their reads. After it the answer is 503, and the retry carries the same `id`."""

_ON_TIME: Final = 0.05
"""Seconds by which a timer may be late in a loop that is not overloaded."""

T = TypeVar("T")


class Deadline:
    """Time limit of one kind of wait; `error` makes the exception for a wait that lasted longer.

    One timer serves all waits: under load, a timer for each costs more than the wait itself.

    An answer that has arrived counts even if a busy event loop reads it late. `asyncio.timeout` would discard it, and
    with it the news that a choice was made durable. So the timer only asks for one more turn of the loop, in which an
    answer that arrived earlier is read first. If the loop is late for the timer itself, it was busy, and its own
    requests were sent late too: the wait is extended by that time once.
    """

    def __init__(self, seconds: float, error: Callable[[], Exception]) -> None:
        self._seconds = seconds
        self._error = error
        self._waits: set[_Wait] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._looks_at = inf

    async def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of `work` if it comes in time, else raise the deadline's error."""
        loop = asyncio.get_running_loop()
        wait = _Wait(asyncio.current_task(), loop.time() + self._seconds)
        self._waits.add(wait)
        if wait.due < self._looks_at:
            self._look_at(loop, wait.due)
        try:
            return await work
        except asyncio.CancelledError:
            if wait.ended():
                raise self._error() from None
            raise
        finally:
            self._waits.discard(wait)
            if not self._waits:
                self._look_at(loop, inf)

    def _look_at(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        """Set the timer to this time; `inf` cancels it."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when == inf else loop.call_at(when, self._look, loop)
        self._looks_at = when

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for wait in [wait for wait in self._waits if wait.due <= now]:
            late = now - wait.due
            wait.due = now + late if late > _ON_TIME else inf
            if wait.due == inf:
                loop.call_soon(wait.give_up, self._waits)
        self._look_at(loop, min((wait.due for wait in self._waits), default=inf))


def read_deadline(seconds: float) -> Deadline:
    """Return a deadline for reads of the store; it raises StoreTimeout."""
    return Deadline(seconds, lambda: StoreTimeout(f"no answer from the store within {seconds} s"))


class _Wait:
    """One wait. `due`: its end by the loop's clock; `inf` in its last turn."""

    __slots__ = ("_gave_up", "_task", "due")

    def __init__(self, task: asyncio.Task[Any] | None, due: float) -> None:
        self._task = task
        self.due = due
        self._gave_up = False

    def give_up(self, waits: set[_Wait]) -> None:
        """Cancel the wait if it still lasts."""
        if self in waits and self._task is not None:
            self._gave_up = True
            self._task.cancel()

    def ended(self) -> bool:
        """Return True if the cancellation just received comes from this wait alone."""
        return self._gave_up and self._task is not None and self._task.uncancel() == 0
