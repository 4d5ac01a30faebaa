"""Metrics: the counters and gauges of a web process, and their flush to Prometheus.

The hot path adds to plain integers; a flush hands them over. Every cache, queue and memo has a gauge. No metric names
a visitor, an address or a path beyond its template. The work process's own metrics are in `process/gauges.py`.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from consent_service.domain.words import Basis
from consent_service.errors import StoreError
from consent_service.services.rate_limits import RateLimits
from consent_service.services.records.standings import Record, RecordDecoder, Standings
from consent_service.services.records.writer import StandingWriter
from consent_service.services.sites import Site
from consent_service.store.cache import CoherentCache
from consent_service.web.http.client import Devices

BOUNDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper ends of the buckets, in seconds; longer durations count in one more bucket."""


def _store_errors(above: type[StoreError] = StoreError) -> list[str]:
    """Return the names of the store's errors, the whole tree."""
    return [above.__name__, *(name for below in above.__subclasses__() for name in _store_errors(below))]


_FLUSH_SECONDS: Final = 1.0


class Durations:
    """Histogram of the durations since the last flush: counts by bucket, and the sum in seconds.

    Plain integers: Prometheus' own `observe` takes a lock and writes a shared file, which is too slow for each flag.
    """

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


class Metrics:
    """Counters and gauges of one process.

    `answers`: flags by basis, `flag_seconds`: their durations. `calls`: other calls by (route, status),
    `call_seconds`: their durations by route. `store_errors`: answers that the store could not serve, by error class.
    """

    def __init__(self, registry: CollectorRegistry, gauges: Mapping[str, Callable[[], float]]) -> None:
        self.answers: Tally[str] = Tally()
        self.flag_seconds = Durations()
        self.calls: Tally[tuple[str, int]] = Tally()
        self.call_seconds: defaultdict[str, Durations] = defaultdict(Durations)
        self.store_errors: Tally[str] = Tally()
        self._flags = Counter("consent_flags", "Flags answered, by basis", ["basis"], registry=registry)
        self._flag_seconds = Histogram(
            "consent_flag_duration_seconds", "Duration of a flag", registry=registry, buckets=BOUNDS
        )
        self._calls = Counter(
            "consent_http_requests",
            "Other calls, by route and status",
            ["route", "status"],
            registry=registry,
        )
        self._call_seconds = Histogram(
            "consent_http_request_duration_seconds",
            "Duration of other calls, by route",
            ["route"],
            registry=registry,
            buckets=BOUNDS,
        )
        self._store_errors = Counter(
            "consent_store_errors",
            "How often the store could not serve (a choice 503, a flag unavailable), by error",
            ["error"],
            registry=registry,
        )
        for basis in Basis:  # known from the start as 0: a rate needs a sample before the first event
            self._flags.labels(basis.value)
        for error in _store_errors():
            self._store_errors.labels(error)
        self._gauges = {
            name: (
                Gauge(
                    f"consent_{name}", name.replace("_", " "), registry=registry, multiprocess_mode="livesum"
                ),
                read,
            )
            for name, read in gauges.items()
        }

    def met(self, error: str) -> None:
        """Count an error of the store by its class."""
        self.store_errors[error] += 1

    def flush(self) -> None:
        """Hand the counts since the last flush over to Prometheus, and read the gauges."""
        answers, self.answers = self.answers, Tally()
        for basis, count in answers.items():
            self._flags.labels(basis).inc(count)
        self.flag_seconds.flush(self._flag_seconds)
        calls, self.calls = self.calls, Tally()
        for (route, status), count in calls.items():
            self._calls.labels(route, str(status)).inc(count)
        for route, durations in self.call_seconds.items():
            durations.flush(self._call_seconds.labels(route))
        store_errors, self.store_errors = self.store_errors, Tally()
        for error, count in store_errors.items():
            self._store_errors.labels(error).inc(count)
        for gauge, read in self._gauges.values():
            gauge.set(read())


def worker_gauges(
    cache: CoherentCache[Record],
    records: RecordDecoder,
    standings: Standings,
    writer: StandingWriter,
    devices: Devices,
    limits: RateLimits,
    sites: Mapping[str, Site],
) -> dict[str, Callable[[], float]]:
    """Return the gauges of a web process: a name, and the function that reads it, for each cache, queue and memo."""
    return {
        "cached_standings": lambda: cache.size,
        "cache_vouched": lambda: cache.is_vouched,
        "decoded_records": lambda: records.remembered,
        "remembered_tokens": lambda: standings.remembered_tokens,
        "waiting_changes": lambda: writer.waiting,
        "memoised_user_agents": lambda: devices.memoised,
        "limited_addresses": lambda: limits.tracked,
        "remembered_strings": lambda: sum(site.string_memo.remembered for site in sites.values()),
    }


async def flush_for_ever(flush: Callable[[], None]) -> None:
    """Call `flush` every second until the task is cancelled."""
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        flush()
