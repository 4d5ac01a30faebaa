"""The servers that every proxy is put in front of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proxy.noting import Noted, noting


@pytest.fixture(scope="module")
def noted() -> Iterator[Noted]:
    with noting() as noted:
        yield noted
