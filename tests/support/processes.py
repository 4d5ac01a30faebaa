"""Other processes: what they answer on loopback, their descendants, those of them that still run, signals."""

from __future__ import annotations

import http.client
import os
import select
import signal
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from tests.support.ports import LOOPBACK
from tests.support.waiting import DEADLINE


class Answer(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: str


def fetch(port: int, path: str, host: str = LOOPBACK) -> Answer:
    """GET once on loopback, with this host's name, on a new connection. Raises OSError while nothing listens."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=DEADLINE)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}"})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    finally:
        connection.close()


def family(pid: int) -> list[int]:
    """Return the process and all its descendants, those that it started first before others."""
    with suppress(FileNotFoundError):
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
        return [pid, *(descendant for child in children for descendant in family(child))]
    return []


def survivors(pids: Iterable[int]) -> list[int]:
    """Return those of these processes that still run at the deadline; at once when none does."""
    deadline = time.monotonic() + DEADLINE
    with ExitStack() as stack:
        left: dict[int, int] = {}
        for pid in pids:
            with suppress(ProcessLookupError):
                left[pid] = os.pidfd_open(pid)
                stack.callback(os.close, left[pid])
        for pid, descriptor in list(left.items()):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if ready:
                del left[pid]
        return list(left)


def signal_all(pids: Iterable[int], signum: signal.Signals) -> None:
    """Send the signal to each process that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


def command_line(pid: int) -> str:
    """Return the process's command line, words parted by blanks; "" for a process that has gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""
