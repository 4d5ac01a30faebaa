"""Runs wrk on the load core and reads what it prints."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.machine import LOAD_CORE, pinned

SCRIPTS: Final = Path(__file__).parent
CONNECTIONS: Final = 64


class Load(NamedTuple):
    """Figures of one run of wrk."""

    requests: int
    seconds: float
    refused: int  # answers over 399
    broken: int  # connections, reads, writes and time-outs that failed

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def drive(url: str, script: str, arguments: list[str], seconds: int) -> Load:
    """Load `url` for so long with the requests that the Lua script makes."""
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "-s",
        str(SCRIPTS / script),
        url,
        "--",
        *arguments,
    ]
    done = subprocess.run(pinned(LOAD_CORE, command), check=True, capture_output=True, text=True)
    return parse(done.stdout)


def parse(printed: str) -> Load:
    """The one JSON line that `report.lua` adds to wrk's own words."""
    (line,) = [line for line in printed.splitlines() if line.startswith('{"requests"')]
    said = json.loads(line)
    return Load(said["requests"], said["microseconds"] / 1e6, said["status"], said["broken"])
