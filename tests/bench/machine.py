"""The machine under measurement: which core does what, what keeps it awake, what a process has used.

Knows /proc and the scheduler; knows nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LOAD_CORE: Final = 0
SERVER_CORE: Final = 1
_TICKS: Final = os.sysconf("SC_CLK_TCK")
# Ends by itself when its parent is gone, so that no core is left burning.
_SPIN: Final = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


def pinned(core: int, command: list[str]) -> list[str]:
    """The command, kept on one core with all that it starts."""
    return ["taskset", "--cpu-list", str(core), *command]


@contextlib.contextmanager
def awake(cores: tuple[int, ...] = (LOAD_CORE, SERVER_CORE)) -> Iterator[None]:
    """Keep the cores from halting: a halted virtual core is given away, and comes back late."""
    spinners = [subprocess.Popen([sys.executable, "-c", _SPIN, str(core)]) for core in cores]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and its descendants, over all their threads."""
    return sum(_ticks(Path(f"/proc/{member}/stat").read_text()) for member in family(pid)) / _TICKS


def _ticks(stat: str) -> int:
    """utime + stime: fields 14 and 15, counted behind the name, which may hold spaces and brackets."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def stolen_seconds() -> float:
    """Return the CPU seconds that the host took from this machine's cores since boot."""
    with Path("/proc/stat").open() as lines:
        return int(lines.readline().split()[8]) / _TICKS
