"""Fixtures that any test may want and that know nothing of consent."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
import setup
from hypothesis import HealthCheck, settings

from tests.support import ports

# How quick an example is says something about the machine, not about the property.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """A function that names so many loopback ports on which nobody listens."""
    return ports.free_ports


@pytest.fixture
def free_port() -> int:
    """One loopback port on which nobody listens."""
    return ports.free_port()


@pytest.fixture
def tool() -> Callable[[str], str]:
    """A function that returns the path of a tool, or fails with the way to it."""

    def found(name: str) -> str:
        path = shutil.which(name, path=f"{setup.VENV / 'bin'}:{setup.WHERE}")
        packages = " ".join(setup.DEBIAN_SOAK.get(name, []))
        assert path, (
            f"{name} is missing: `make soak` brings it{f', or: apt-get install {packages}' if packages else ''}"
        )
        return path

    return found
