"""Cost of the widget to the page that embeds it, on the page that the bench compares it on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser

from tests.bench.pages.measuring import Visit, visit
from tests.bench.pages.serving import served
from tests.bench.pages.table import longest
from tests.bench.pages.tasks import LONG
from tests.e2e.conftest import ONCE

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

VISITS: Final = 3


async def first_visits(chromium: Browser, folder: Path) -> list[Visit]:
    """So many first visits to the page with ours."""
    async with served(folder) as site:
        _, ours = site.variants
        return [await visit(chromium, site, ours) for _ in range(VISITS)]


async def test_the_page_never_shifts_never_stalls_and_its_first_script_has_the_answer_at_once(
    chromium: Browser, tmp_path: Path
) -> None:
    visits = await first_visits(chromium, tmp_path)
    assert [visited.shift for visited in visits] == [0] * VISITS
    assert [visited.at_once for visited in visits] == [True] * VISITS
    assert max(longest(visited) for visited in visits) < LONG
