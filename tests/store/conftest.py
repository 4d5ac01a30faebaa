"""Fixtures of the store's suite. Another engine is one more row of ENGINES."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from consent_service.store.contract import Store
from tests.store.harness import Harness, SqliteHarness
from tests.store.redis.harness import on
from tests.support.clock import Clock
from tests.support.redis.fleets import FLEETS, Cluster, Guarded, Standalone, Watched

ENGINES: dict[str, Callable[[Path, Clock], Harness]] = {
    "sqlite": SqliteHarness,
    "redis": on(Standalone),
    "redis-tls": on(Guarded),
    "sentinel": on(Watched),
    "cluster": on(Cluster),
}


@pytest.fixture(scope="session", autouse=True)
def _fleets() -> Iterator[None]:
    """Whatever servers the tests started are ended."""
    yield
    FLEETS.end()


@pytest.fixture
def clock() -> Clock:
    """The clock of every store that a test opens."""
    return Clock()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Harness]:
    """Each engine in turn, with an empty place to store in."""
    harness = ENGINES[request.param](tmp_path, clock)
    yield harness
    harness.close()


@pytest.fixture
async def store(engine: Harness) -> AsyncIterator[Store]:
    """An open, empty store."""
    opened = await engine.open()
    yield opened
    await opened.close()


@pytest.fixture
async def other(engine: Harness, store: Store) -> AsyncIterator[Store]:
    """The same store opened once more, as another process would."""
    opened = await engine.open()
    yield opened
    await opened.close()
