"""Metrics: what the service counts. The hot path adds to plain integers; a flush hands them to Prometheus.

Every cache, queue and memo has a gauge. Nothing here names a visitor, an address or a path beyond its template.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """One process's counters. `answers` counts flags by basis, `calls` other calls by (route, status)."""

    def __init__(self, registry: CollectorRegistry, gauges: Mapping[str, Callable[[], float]]) -> None:
        self.answers: Tally[str] = Tally()
        self.calls: Tally[tuple[str, int]] = Tally()
        self._flags = Counter("consent_flags", "Flags answered, by basis", ["basis"], registry=registry)
        self._calls = Counter(
            "consent_http_requests",
            "Other calls, by route and status",
            ["route", "status"],
            registry=registry,
        )
        self._gauges = {
            name: (
                Gauge(
                    f"consent_{name}", name.replace("_", " "), registry=registry, multiprocess_mode="livesum"
                ),
                read,
            )
            for name, read in gauges.items()
        }

    def flush(self) -> None:
        """Hand over what was counted since the last flush, and read the gauges."""
        answers, self.answers = self.answers, Tally()
        for basis, count in answers.items():
            self._flags.labels(basis).inc(count)
        calls, self.calls = self.calls, Tally()
        for (route, status), count in calls.items():
            self._calls.labels(route, str(status)).inc(count)
        for gauge, read in self._gauges.values():
            gauge.set(read())
