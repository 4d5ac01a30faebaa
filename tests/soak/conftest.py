"""Whatever servers the soak started are ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.redis.fleets import HARBOUR


@pytest.fixture(scope="session", autouse=True)
def _fleets() -> Iterator[None]:
    yield
    HARBOUR.end()
