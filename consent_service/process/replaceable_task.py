"""A task beside the loop's other work that a reload replaces. Knows nothing of what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class ReplaceableTask:
    """Runs at most one task; those that were stopped are waited for at the end."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._before: list[asyncio.Task[None]] = []

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run this in place of what runs."""
        self.stop()
        self._task = asyncio.create_task(work)

    def stop(self) -> None:
        """Cancel what runs."""
        self._before = [task for task in self._before if not task.done()]
        if self._task is not None:
            self._task.cancel()
            self._before.append(self._task)
            self._task = None

    async def end(self) -> None:
        """Stop, and wait for everything that was begun."""
        self.stop()
        await asyncio.gather(*self._before, return_exceptions=True)
