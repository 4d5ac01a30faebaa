"""The machine under measurement: which core does what, what keeps it awake, what a process has used.

Knows /proc and the scheduler; knows nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LOAD_CORE: Final = 0
SERVER_CORE: Final = 1
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_MODEL: Final = re.compile(r"^model name\s*: (.+)$", re.MULTILINE)
_RESIDENT: Final = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)
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


def resident_megabytes(pid: int) -> float:
    """Memory of the largest process among this one and its descendants: of a service that is its worker."""
    statuses = [Path(f"/proc/{member}/status").read_text() for member in family(pid)]
    sizes = [int(found[1]) for status in statuses if (found := _RESIDENT.search(status))]
    return max(sizes) / 1024


def description() -> str:
    """Return one line: cores, processor, interpreter and its origin, kernel."""
    models = _MODEL.findall(Path("/proc/cpuinfo").read_text())
    return (
        f"{os.cpu_count()} cores, {models[0] if models else platform.machine()}; "
        f"{platform.python_implementation()} {platform.python_version()}, {interpreter_origin()}; "
        f"{platform.system()} {platform.release()}"
    )


def interpreter_origin() -> str:
    """Return the distribution's package that holds the interpreter, else compiler and options it was built with."""
    program = str(Path(sys.executable).resolve())
    with contextlib.suppress(OSError):
        asked = subprocess.run(
            ["dpkg-query", "--search", program], capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            package = asked.stdout.split(":")[0]
            version = subprocess.run(
                ["dpkg-query", "--show", "--showformat=${Version}", package],
                capture_output=True,
                text=True,
                check=True,
            )
            return f"package {package} {version.stdout}"
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    used = [word for word in ("--enable-optimizations", "--with-lto") if word in options]
    return f"built by {platform.python_compiler()} {' '.join(used) or 'without optimisations by profile'}"
