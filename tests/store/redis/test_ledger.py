"""Sealing, trimming and receipts once more, over a Redis cluster: the tests are imported, not written again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.application import Running, running
from tests.support.redis.fleets import Fleet
from tests.web.visitor.test_receipts import (  # noqa: F401 - collected here, with the fixture below
    test_a_receipt_is_a_signed_promise_at_once,
    test_a_repeated_choice_gets_the_receipt_that_it_got,
    test_nobody_gets_an_entry_by_guessing,
    test_once_sealed_a_receipt_is_proved_under_a_checkpoint_also_after_the_trim,
)


@pytest.fixture
async def service(tmp_path: Path, cluster: Fleet) -> AsyncIterator[Running]:
    """The application with an archive."""
    (tmp_path / "archive").mkdir()
    more = f'[ledger]\narchive = "{tmp_path}/archive"'
    async with running(tmp_path, store=cluster.url, more=more) as started:
        yield started
