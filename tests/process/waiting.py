"""What other processes do: their answers, their descendants, those of them that still run."""

from __future__ import annotations

import http.client
import os
import select
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from tests.support.waiting import DEADLINE


class Answer(NamedTuple):
    status: int
    body: str


def fetch(port: int, path: str) -> Answer:
    """One GET on loopback, on a connection of its own; OSError while nothing listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    finally:
        connection.close()


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
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
