"""Limits: how often one address may write.

Kept in memory alone. An address is never stored, not even here: the table's key is a hash keyed with a number
drawn when the process starts (design rule 7). Each key has a bucket that holds `burst` calls and refills at
`per_minute`.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable

from consent_service.errors import TooManyRequests


class Limits:
    """Token buckets, the least recently used dropped first. `per_minute` 0 = no limit."""

    def __init__(
        self, per_minute: int, burst: int, tracked: int, *, key: bytes, clock: Callable[[], float]
    ) -> None:
        self._rate = per_minute / 60
        self._burst = float(burst)
        self._tracked = tracked
        self._key = key
        self._clock = clock
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    @property
    def tracked(self) -> int:
        return len(self._buckets)

    def take(self, kind: str, address: str) -> None:
        """Take one call of this kind from the address's bucket. Raises TooManyRequests when it is empty."""
        if not self._rate:
            return
        now = self._clock()
        key = hashlib.blake2b(f"{kind}|{address}".encode(), key=self._key, digest_size=16).digest()
        level, then = self._buckets.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - then) * self._rate)
        allowed = level >= 1
        self._buckets[key] = (level - 1 if allowed else level, now)
        if len(self._buckets) > self._tracked:
            self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - level) / self._rate)
            raise TooManyRequests(f"too many calls from this address; try again in {wait} s", wait)
