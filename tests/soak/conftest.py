"""Whatever servers the soak started are ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.redis.fleets import FLEETS


@pytest.fixture(scope="session", autouse=True)
def _fleets() -> Iterator[None]:
    yield
    FLEETS.end()
