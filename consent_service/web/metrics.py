"""Metrics: what the service counts. The hot path adds to plain integers; a flush hands them to Prometheus.

Every cache, queue and memo has a gauge. Nothing here names a visitor, an address or a path beyond its template.
The work process's own metrics are in `process/gauges.py`.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from consent_service.domain.words import Basis
from consent_service.errors import StoreError
from consent_service.web.duration_histogram import BOUNDS, Durations


def _store_errors(above: type[StoreError] = StoreError) -> list[str]:
    """Return the names of the store's errors, the whole tree."""
    return [above.__name__, *(name for below in above.__subclasses__() for name in _store_errors(below))]


class Metrics:
    """One process's counters.

    `answers`: flags by basis, `flag_seconds`: how long each took. `calls`: other calls by (route, status),
    `call_seconds`: how long, by route. `store_errors`: how often the store could not serve, by the error's class.
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
        """Count an error of the store's, by its class."""
        self.store_errors[error] += 1

    def flush(self) -> None:
        """Hand over what was counted since the last flush, and read the gauges."""
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
