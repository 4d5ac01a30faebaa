"""A coherent cache of decoded documents over any store: bounded, and off when it can't be vouched for.

What this process commits is dropped at once, what others commit within a second, by asking the store what
changed. The cache is a lease: it is trusted only while the last successful answer began less than `LEASE`
seconds ago, else every read goes to the store. A fill that began before its key was dropped is not kept.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, Generic, TypeVar

from consent_service.errors import StoreError
from consent_service.store.contract import Document, Key, Store

T_co = TypeVar("T_co", covariant=True)

POLL: Final = 0.2
"""Seconds between two questions what changed."""

LEASE: Final = 0.9
"""Seconds. What another process commits is in this one's answers within a second, or the cache is off."""


class Missing(Enum):
    """The type of MISSING: the key is not cached, or the cache can't be trusted now."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class _Fill:
    """A read under way: how many callers wait for the key, and whether its result may be cached."""

    __slots__ = ("readers", "valid")

    def __init__(self) -> None:
        self.readers = 0
        self.valid = True


class CoherentCache(Generic[T_co]):
    """Decoded values by key; the least recently used are dropped first. `entries` 0 = off. `note` is called with the
    error when the store could not say what changed.

    Whoever commits calls `invalidate` when the commit is done, however it ended.
    """

    def __init__(
        self,
        store: Store,
        decode: Callable[[Document], T_co],
        *,
        entries: int = 100_000,
        poll: float = POLL,
        timer: Callable[[], float] = time.monotonic,
        note: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        self._store = store
        self._decode = decode
        self._entries = entries
        self._poll_seconds = poll
        self._timer = timer
        self._note = note
        self._values: OrderedDict[Key, T_co | None] = OrderedDict()
        self._fills: dict[Key, _Fill] = {}
        self._mark: int | None = None
        self._trusted_until = float("-inf")
        self._polling: asyncio.Task[None] | None = None
        self.hits = 0
        self.misses = 0

    @property
    def size(self) -> int:
        """Return the number of values in memory."""
        return len(self._values)

    @property
    def is_vouched(self) -> bool:
        """Return True while values may be answered from memory."""
        return self._timer() < self._trusted_until

    def peek(self, key: Key) -> T_co | Missing | None:
        """Return the cached value (None = no document), or MISSING if the store must be asked. No I/O."""
        value = self._values.get(key, MISSING)
        if value is MISSING or self._timer() >= self._trusted_until:
            self.misses += 1
            return MISSING
        self._values.move_to_end(key)
        self.hits += 1
        return value

    async def fetch(self, key: Key) -> T_co | None:
        """Read the value from the store and return it; cache it unless its key was dropped meanwhile. Raises
        StoreError.
        """
        if not self._entries:
            (document,) = await self._store.get([key])
            return None if document is None else self._decode(document)
        # All who read this key now share one fill, so that one invalidation reaches every one of them.
        fill = self._fills.setdefault(key, _Fill())
        fill.readers += 1
        try:
            (document,) = await self._store.get([key])
        finally:
            fill.readers -= 1
            if not fill.readers and self._fills.get(key) is fill:
                del self._fills[key]
        value = None if document is None else self._decode(document)
        mortal = document is not None and document.expires_at is not None  # only the store knows when it ends
        if fill.valid and not mortal:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._entries:
                self._values.popitem(last=False)
        return value

    def invalidate(self, keys: Iterable[Key] | None) -> None:
        """Drop these keys, or everything (None); reads that are under way will not be cached either."""
        dropped = None if keys is None else list(keys)
        for key in list(self._fills) if dropped is None else dropped:
            fill = self._fills.pop(key, None)
            if fill is not None:
                fill.valid = False
        if dropped is None:
            self._values.clear()
        else:
            for key in dropped:
                self._values.pop(key, None)

    async def start(self) -> None:
        """Start the lease: ask the store what changed, now and then every `poll` seconds.

        It asks also when the cache is off: that is how an open store learns that it was moved.
        """
        await self.poll_changes()
        self._polling = asyncio.create_task(self._poll_for_ever())

    async def close(self) -> None:
        """End the lease: every read goes to the store from now on."""
        self._trusted_until = float("-inf")
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
            self._polling = None

    async def poll_changes(self) -> None:
        """Ask the store once what changed and renew the lease. After a failure the lease runs out by itself."""
        began = self._timer()
        try:
            async with asyncio.timeout(LEASE):
                mark, keys = await self._store.changed_since(self._mark)
        except (StoreError, TimeoutError) as error:
            return self._note(error)
        if self._mark is None or keys is None:
            self.invalidate(None)  # reads from before the first mark are not vouched for either
        else:
            self.invalidate(keys)
        self._mark = mark
        if self._entries:
            # From the beginning of the question: the answer may miss what changed after it.
            self._trusted_until = began + LEASE

    async def _poll_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self.poll_changes()
