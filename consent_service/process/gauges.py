"""Gauges of the work process: the running version, and the ledger entries that are not sealed yet.

The web workers' metrics are in `web/metrics.py`. On several machines with one store each work process
measures the same backlog.
"""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from consent_service.config import Config
from consent_service.errors import ConsentError
from consent_service.ledger.unsealed import UnsealedCount
from consent_service.process.replaceable_task import ReplaceableTask
from consent_service.services.configured_store import configured_store
from consent_service.store.contract import Store

_MEASURE_EVERY: Final = 15
"""Seconds; oftener where sealing is."""


class WorkGauges:
    """Sets the gauges for as long as the work process runs."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        build = Gauge(
            "consent_build_info",
            "The version that runs, always 1",
            ["version", "python"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        build.labels(version("consent-service"), platform.python_version()).set(1)
        self._entries = Gauge(
            "consent_unsealed_entries",
            "Ledger entries that no segment in the archive holds yet, by site",
            ["site"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._age = Gauge(
            "consent_unsealed_seconds",
            "Age of the oldest ledger entry that is not sealed yet, by site; 0: none waits",
            ["site"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._sites: set[str] = set()
        self._task = ReplaceableTask()

    def start(self, config: Config) -> None:
        """Measure under this configuration. Without an archive nothing is ever sealed, so nothing is measured."""
        for site in self._sites - set(config.sites if config.ledger.archive else ()):
            self._set_gauges(site, 0, 0)
        self._task.stop()
        if config.ledger.archive:
            self._task.start(self._measure_for_ever(config))

    async def end(self) -> None:
        """Stop measuring, and close the store."""
        await self._task.end()

    async def _measure_for_ever(self, config: Config) -> None:
        counts = [(site, UnsealedCount(site)) for site in config.sites]
        while True:
            # A store that fails shows in the web workers' metrics and in the log.
            with suppress(ConsentError):
                async with configured_store(config.service) as store:
                    await self._measure_until_it_fails(store, counts, config.ledger.seal_every)
            await asyncio.sleep(_MEASURE_EVERY)

    async def _measure_until_it_fails(
        self, store: Store, counts: Sequence[tuple[str, UnsealedCount]], seal_every: int
    ) -> None:
        while True:
            for site, count in counts:
                unsealed = await count.count(store)
                age = 0.0 if unsealed.oldest is None else max(time.time() - unsealed.oldest, 0.0)
                self._set_gauges(site, unsealed.entries, age)
            await asyncio.sleep(min(_MEASURE_EVERY, seal_every))

    def _set_gauges(self, site: str, entries: int, age: float) -> None:
        self._sites.add(site)
        self._entries.labels(site).set(entries)
        self._age.labels(site).set(age)
