"""The page of the metrics: names, types, labels and help, from the collectors that the running parts register."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

from prometheus_client import CollectorRegistry

from consent_service.app import create_app
from consent_service.demo.addresses import Addresses
from consent_service.demo.folder import prepare
from consent_service.process.gauges import WorkGauges
from reference.markdown import code, page, table, words_for

_ABOUT: Final = """\
Prometheus finds the metrics at `/metrics` on a listener of its own (`service.metrics_host` and `metrics_port`). No
metric names a visitor, an address, or a path beyond its template. [Watching it](../operate/deploying.md#watching-it)
has alert rules and a dashboard.

Counters and histograms are sums over every process. The series of flags and of store errors are there from the start
as 0, so that a rate misses no first event.
"""
_USE: Final[dict[str, str]] = {
    "consent_flags_total": "Flags a second, and how many of them are `unavailable`, which is doubt.",
    "consent_flag_duration_seconds": "Time that a flag takes inside the service.",
    "consent_http_requests_total": "All other calls. A status from 500 on is a failure of the service.",
    "consent_http_request_duration_seconds": "Time that those calls take.",
    "consent_store_errors_total": "Answers that the store spoiled. Anything but 0 wants a look at the log.",
    "consent_cached_standings": "Records in the workers' caches.",
    "consent_cache_vouched": "Workers that may answer from their cache. The others ask the store for each flag.",
    "consent_decoded_records": "Decoded records in memory.",
    "consent_remembered_tokens": "Visitor tokens in memory whose signature was verified.",
    "consent_waiting_changes": "Changes that wait for the store. It grows when the store is too slow.",
    "consent_memoised_user_agents": "User-Agents in memory whose device class is known.",
    "consent_limited_addresses": "Addresses whose writes are counted at the moment, as keyed hashes.",
    "consent_remembered_strings": "GPP and US Privacy strings in memory.",
    "consent_build_info": "The version that runs. The value is always 1.",
    "consent_unsealed_entries": "Ledger entries that no segment holds yet; only with `ledger.archive`.",
    "consent_unsealed_seconds": "Age of the oldest of them in seconds; 0 if none waits.",
}
"""Meaning of each metric for an operator, by the name under which Prometheus finds it."""
_WORK: Final = "work"
_WEB: Final = "web"


def render() -> str:
    """Return the whole page."""
    with recorded_collectors() as web:
        asyncio.run(_compose())
    with recorded_collectors() as work:
        WorkGauges()
    rows = [
        (*_facts(collector), process)
        for found, process in ((web, _WEB), (work, _WORK))
        for collector in found
    ]
    words_for("metrics", {name for name, *_ in rows}, _USE)
    cells = (
        (code(name), kind, " ".join(map(code, labels)), process, _USE[name])
        for name, kind, labels, process in rows
    )
    return page("Metrics", _ABOUT, table(("metric", "type", "labels", "process", "meaning"), cells))


@contextmanager
def recorded_collectors() -> Iterator[list[Any]]:
    """Collect every metric that is registered meanwhile, in whichever registry."""
    collectors: list[Any] = []
    register = CollectorRegistry.register

    def note(registry: CollectorRegistry, collector: Any) -> None:
        collectors.append(collector)
        register(registry, collector)

    with patch.object(CollectorRegistry, "register", note):
        yield collectors


async def _compose() -> None:
    """Make the application over a store of its own, and close it."""
    with TemporaryDirectory() as folder:
        _, config = prepare(Path(folder) / "reference", Addresses(8000, 8001), int(time.time()))
        app = create_app(config)
        await app.parts.store.close()


def _facts(collector: Any) -> tuple[str, str, tuple[str, ...]]:
    """Return the name that Prometheus sees, the type, and the labels."""
    [metric] = collector.describe()
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels: tuple[str, ...] = collector._labelnames  # noqa: SLF001 - the library has no public way
    return name, metric.type, labels
