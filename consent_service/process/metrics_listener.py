"""The metrics' listener: the counts of all processes together, for Prometheus, apart from the public
listener.

Knows no counter by name; they live in files that each process writes (`web/metrics.py` and
`process/gauges.py` define them).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector


@contextmanager
def listen_for_metrics(host: str, port: int, folder: Path) -> Iterator[None]:
    """Answer `GET /metrics` with the sums over every process that writes into this folder."""
    registry = CollectorRegistry()
    registry.register(_AllProcesses(folder))
    server, thread = start_http_server(port, host, registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def forget_dead(folder: Path) -> None:
    """Drop the gauges of processes that are gone; what they counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_alive(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


class _AllProcesses(Collector):
    """Collector of the metrics of all processes that write into one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of all processes, without the gauges of dead ones."""
        forget_dead(self._folder)
        collector = MultiProcessCollector(CollectorRegistry(), str(self._folder))  # type: ignore[no-untyped-call]
        return collector.collect()  # type: ignore[no-any-return, no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
