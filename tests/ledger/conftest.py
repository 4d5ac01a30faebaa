"""The genuine archive that tests change."""

from __future__ import annotations

import asyncio

import pytest

from tests.ledger.genuine import fill
from tests.ledger.mutations import Objects
from tests.ledger.sealed import a_site


@pytest.fixture(scope="session")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """The objects of an archive that nobody touched."""

    async def made() -> dict[str, bytes]:
        async with a_site(tmp_path_factory.mktemp("genuine")) as site:
            return await fill(site)

    return asyncio.run(made())
