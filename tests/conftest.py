"""Fixtures that any test may want and that know nothing of consent."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

# How quick an example is says something about the machine, not about the property.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """A function that names so many loopback ports that were all free together a moment ago."""

    def ports(count: int) -> list[int]:
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
            return [opened.getsockname()[1] for opened in sockets]

    return ports


@pytest.fixture
def free_port(free_ports: Callable[[int], list[int]]) -> int:
    """One free loopback port."""
    return free_ports(1)[0]
