"""A background task that a reload replaces. Knows nothing of its work."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any


class ReplaceableTask:
    """At most one running task. `end` waits for those that were stopped."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._before: list[asyncio.Task[None]] = []

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run this work in place of the present task, once that has ended: it may hold what the new one needs."""
        self.stop()
        self._task = asyncio.create_task(_run_after(list(self._before), work))
        self._task.add_done_callback(
            lambda _task: work.close()
        )  # cancelled before it began, it was never awaited

    def stop(self) -> None:
        """Cancel the task."""
        self._before = [task for task in self._before if not task.done()]
        if self._task is not None:
            self._task.cancel()
            self._before.append(self._task)
            self._task = None

    async def end(self) -> None:
        """Cancel the task, and wait for every one that was started."""
        self.stop()
        await asyncio.gather(*self._before, return_exceptions=True)


async def _run_after(before: Sequence[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    if before:
        await asyncio.wait(
            before
        )  # unlike `gather`, it does not cancel them a second time when it is cancelled itself
    await work
