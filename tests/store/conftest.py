"""Fixtures of the store's suite. A second engine is one more row of ENGINES."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from consent_service.store.contract import Store
from tests.store.harness import Clock, Harness, SqliteHarness

ENGINES: dict[str, Callable[[Path, Clock], Harness]] = {"sqlite": SqliteHarness}


@pytest.fixture
def clock() -> Clock:
    """The clock of every store that a test opens."""
    return Clock()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Harness:
    """Each engine in turn, with an empty place to store in."""
    return ENGINES[request.param](tmp_path, clock)


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
