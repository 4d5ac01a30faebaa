"""Durations: a histogram counted in plain integers, handed to Prometheus at each flush.

Prometheus' own `observe` takes a lock and writes a shared file: too slow for each flag.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from prometheus_client import Histogram

BOUNDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds, the upper end of each bucket; what took longer counts in one bucket more."""


class Durations:
    """Durations since the last flush, by bucket, and their sum in seconds."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    def flush(self, histogram: Histogram) -> None:
        """Add everything to a histogram with the buckets `BOUNDS`, and begin again."""
        counts, self.counts = self.counts, [0] * len(self.counts)
        seconds, self.seconds = self.seconds, 0.0
        # The library has no public way to add many observations at once.
        for bucket, count in zip(histogram._buckets, counts, strict=True):  # noqa: SLF001
            if count:
                bucket.inc(count)
        histogram._sum.inc(seconds)  # noqa: SLF001
