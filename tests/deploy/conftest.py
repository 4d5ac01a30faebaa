"""The tools that read deployments: brought by `make soak`, since only its tests ask for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
import setup


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
