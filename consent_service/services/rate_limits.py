"""Rate limits: the number of writes of one address, as token buckets in memory.

An address is never stored, not even here: a rate-limit key is a hash keyed with a number that is drawn when the
process starts (design rule 7). Each key has a bucket that holds `burst` calls and refills at `per_minute`.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from consent_service.addresses import IPV4_BYTES, Address
from consent_service.errors import TooManyRequests

_SHARES: Final = ((8, 1), (6, 4))
"""Bytes of an IPv6 address that count as one client (a /64, a /48), and the multiple of the limit that it may use.

A line gets at least a /64, and a subscriber up to a /48 (RFC 6177): with one, a caller could write from 65,536
networks that look like different clients. For IPv4 the whole address counts: all the subscribers of a carrier's NAT
may share one, and its neighbours belong to others.
"""


class RateLimits:
    """Token buckets; beyond `tracked` the least recently used is dropped. `per_minute` 0 = no limit."""

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
        """Number of buckets in memory."""
        return len(self._buckets)

    def take(self, kind: str, address: Address | None) -> None:
        """Take one call of this kind from each bucket that the address draws from, or from none of them.

        Callers without a readable address share one bucket. Raises TooManyRequests if a bucket is empty.
        """
        if not self._rate:
            return
        now = self._clock()
        buckets = [(self._hashed(kind, client), times) for client, times in _clients_of(address)]
        levels = [self._level(key, times, now) for key, times in buckets]
        wait = max(
            (1 - level) / (self._rate * times) for (_, times), level in zip(buckets, levels, strict=True)
        )
        if wait > 0:
            self._mark_used(key for key, _ in buckets)
            seconds = math.ceil(wait)
            raise TooManyRequests(f"too many calls from this address; try again in {seconds} s", seconds)
        for (key, _), level in zip(buckets, levels, strict=True):
            self._buckets[key] = (level - 1, now)
        self._mark_used(key for key, _ in buckets)
        # Memory is bounded; a client whose bucket is dropped begins with a full one.
        while len(self._buckets) > self._tracked:
            self._buckets.popitem(last=False)

    def _mark_used(self, keys: Iterable[bytes]) -> None:
        """Make these the most recently used. A refused call begins no bucket, so it drops nobody else's."""
        for key in keys:
            if key in self._buckets:
                self._buckets.move_to_end(key)

    def _level(self, key: bytes, times: int, now: float) -> float:
        """Return how many calls the bucket holds by now."""
        full = self._burst * times
        level, then = self._buckets.get(key, (full, now))
        return min(full, level + (now - then) * self._rate * times)

    def _hashed(self, kind: str, client: bytes) -> bytes:
        message = b"%b|%b" % (kind.encode(), client)
        return hashlib.blake2b(message, key=self._key, digest_size=16).digest()


def _clients_of(address: Address | None) -> list[tuple[bytes, int]]:
    """Return each client as which the address counts, and how many times the limit that one may use."""
    if address is None or len(address) == IPV4_BYTES:
        return [(address or b"", 1)]
    return [(address[:length], times) for length, times in _SHARES]
