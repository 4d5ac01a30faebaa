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

    An answer that is there counts even when a busy event loop comes to it late: unlike `asyncio.timeout`, which
    would throw it away, and with it the word that a choice was made durable.
    """
    task = asyncio.ensure_future(asking)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
    if task.cancelled() or not task.done():
        raise StoreTimeout(otherwise)
    return task.result()
