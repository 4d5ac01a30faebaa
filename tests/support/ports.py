"""Ports: free ones on loopback, that neither another worker of the tests nor the kernel gives away meanwhile.

They lie below the range from which the kernel takes ports for outgoing connections, and each of the workers that
run tests side by side has a part of its own. A port that was given is not given again until all others were.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from itertools import islice
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_FIRST: Final = 11_000  # browsers refuse 10080
_PARTS: Final = 8
_PART: Final = 2_700
_WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _PARTS


def free_ports(count: int) -> list[int]:
    """Return `count` different ports on which nobody listens."""
    return list(islice(_FREE, count))


def two_free_ports() -> tuple[int, int]:
    """Return two ports on which nobody listens."""
    return free_port(), free_port()


def free_port() -> int:
    """Return a port on which nobody listens."""
    return free_ports(1)[0]


def _free() -> Iterator[int]:
    first = _FIRST + _WORKER * _PART
    offset = random.randrange(_PART)  # two runs of the tests on one machine rarely meet
    while True:
        offset = (offset + 1) % _PART
        if _can_be_listened_on(first + offset):
            yield first + offset


def _can_be_listened_on(port: int) -> bool:
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True


_FREE: Final = _free()
