"""Fleets of real servers, empty and reachable, for what only the Redis engine can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.store.redis.fleets import HARBOUR, Cluster, Fleet, Guarded, Standalone, Watched, empty
from tests.store.redis.sea import Sea


def _shared(kind: Callable[[], Fleet]) -> Iterator[Fleet]:
    fleet = HARBOUR.fleet(kind)
    empty(fleet)
    yield fleet
    for server in fleet.servers:
        server.show()


@pytest.fixture
def standalone() -> Iterator[Fleet]:
    yield from _shared(Standalone)


@pytest.fixture
def guarded() -> Iterator[Fleet]:
    yield from _shared(Guarded)


@pytest.fixture
def watched() -> Iterator[Fleet]:
    yield from _shared(Watched)


@pytest.fixture
def cluster() -> Iterator[Fleet]:
    yield from _shared(Cluster)


@pytest.fixture
def sea() -> Iterator[Fleet]:
    yield from _shared(Sea)
