"""Fixtures: a new visitor in each browser, beside the demo that all browser tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.attacking import Scene, scene
from tests.e2e.browsers.browsing import Browsing
from tests.e2e.browsers.firefox import SIGNAL, firefox
from tests.e2e.browsers.webkit import Screen, screen, webkit
from tests.support.demo import Demo


@pytest.fixture(scope="session")
def webkit_screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """A screen for WebKit that nobody sees."""
    with screen(tmp_path_factory.mktemp("webkit")) as opened:
        yield opened


@pytest.fixture(params=["firefox", "webkit"])
def browsing(request: pytest.FixtureRequest, demo: Demo, tmp_path: Path) -> Iterator[Browsing]:
    """Somebody who was never here, in each of the browsers."""
    if request.param == "firefox":
        with firefox(tmp_path) as wire:
            yield Browsing(wire, demo)
    else:
        with webkit(request.getfixturevalue("webkit_screen")) as session:
            yield Browsing(session, demo)


@pytest.fixture
def signalling(demo: Demo, tmp_path: Path) -> Iterator[Browsing]:
    """Somebody who has turned on Global Privacy Control, in the one of these browsers that has it."""
    with firefox(tmp_path, SIGNAL) as wire:
        yield Browsing(wire, demo)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The service over TLS and an attacker's site."""
    with scene(tmp_path_factory.mktemp("attacked")) as running:
        yield running


@pytest.fixture(scope="module", params=["chromium", "firefox", "webkit"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each of the three engines by name."""
    name: str = request.param
    return name
