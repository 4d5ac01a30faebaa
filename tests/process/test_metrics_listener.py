"""The metrics' listener sums over real processes, living and dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent_service.process import metrics_listener
from tests.support.processes import fetch

COUNTING = """
import signal, sys
from prometheus_client import CollectorRegistry, Counter, Gauge
registry = CollectorRegistry()
Counter("flags", "Flags", registry=registry).inc(2)
Gauge("cached", "Cached", registry=registry, multiprocess_mode="livesum").set(10)
print("counted", flush=True)
signal.pause()
"""


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that have counted and live on."""
    env = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    started = [
        subprocess.Popen([sys.executable, "-c", COUNTING], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "counted\n"
    yield started
    for process in started:
        with process:
            process.kill()


def scraped(port: int) -> dict[str, float]:
    lines = fetch(port, "/metrics").body.splitlines()
    return {name: float(value) for name, value in (line.split(" ") for line in lines if line[0] != "#")}


def test_every_process_is_counted_and_the_dead_keep_their_counts_but_not_their_gauges(
    tmp_path: Path, free_port: int, counting: list[subprocess.Popen[str]]
) -> None:
    with metrics_listener.listen_for_metrics("127.0.0.1", free_port, tmp_path):
        assert scraped(free_port) == {"flags_total": 4.0, "cached": 20.0}
        counting[0].send_signal(signal.SIGKILL)
        counting[0].wait()
        assert scraped(free_port) == {"flags_total": 4.0, "cached": 10.0}


def test_the_metrics_listener_is_closed_after_its_block(tmp_path: Path, free_port: int) -> None:
    with metrics_listener.listen_for_metrics("127.0.0.1", free_port, tmp_path):
        assert scraped(free_port) == {}
    with pytest.raises(ConnectionRefusedError):
        fetch(free_port, "/metrics")
