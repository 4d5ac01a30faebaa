"""Waiting for what other processes do: until it is so, or until a deadline fails the test."""

from __future__ import annotations

import http.client
import os
import select
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")


class Answer(NamedTuple):
    status: int
    body: str


def fetch(port: int, path: str) -> Answer:
    """One GET on loopback, on a connection of its own; OSError while nothing listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    finally:
        connection.close()


def eventually(look: Callable[[], _T], seconds: float = 20.0) -> _T:
    """What `look` returns as soon as it is true; looks again and again, and fails at the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError):  # not listening yet
            found = look()
            if found:
                return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {seconds} s")


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


def survivors(pids: Iterable[int], seconds: float = 20.0) -> list[int]:
    """Those of these processes that still run after so many seconds; returns as soon as none does."""
    deadline = time.monotonic() + seconds
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
