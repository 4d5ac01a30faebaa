"""Runs wrk on the load core and reads what it prints."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.machine import LOAD_CORE, pinned

SCRIPTS: Final = Path(__file__).parent
CONNECTIONS: Final = 64


class Load(NamedTuple):
    """Result of one run of wrk."""

    requests: int
    seconds: float
    refused: int  # answers over 399
    broken: int  # connections, reads, writes and time-outs that failed
    busy: float = 0.0  # share of the load core that wrk used itself

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def drive(url: str, script: str, arguments: list[str], seconds: int, connections: int = CONNECTIONS) -> Load:
    """Load `url` for so long with the requests that the Lua script makes."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPTS / script), url, "--"]
    before, began = _children_cpu(), time.monotonic()
    done = subprocess.run(
        pinned(LOAD_CORE, [*command, *arguments]), check=True, capture_output=True, text=True
    )
    busy = (_children_cpu() - before) / (time.monotonic() - began)
    return parse(done.stdout)._replace(busy=busy)


def parse(printed: str) -> Load:
    """The one JSON line that `report.lua` adds to wrk's own words."""
    (line,) = [line for line in printed.splitlines() if line.startswith('{"requests"')]
    counts = json.loads(line)
    return Load(counts["requests"], counts["microseconds"] / 1e6, counts["status"], counts["broken"])


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
