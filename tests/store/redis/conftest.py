"""Fleets of real servers, empty and reachable, for what only the Redis engine can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.redis.cuttable_cluster import CuttableCluster
from tests.support.redis.fleets import FLEETS, Cluster, Fleet, Guarded, Standalone, Watched, empty


def _shared(kind: Callable[[], Fleet]) -> Iterator[Fleet]:
    fleet = FLEETS.fleet(kind)
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
def cuttable_cluster() -> Iterator[Fleet]:
    yield from _shared(CuttableCluster)
