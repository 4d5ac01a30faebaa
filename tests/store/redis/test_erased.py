"""Erasing once more, over a Redis cluster: the tests are imported, not written again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.application import Running, running
from tests.support.redis.fleets import Fleet
from tests.web.visitor.test_erased import (  # noqa: F401 - collected here, with the fixture below
    TestComingBack,
    test_a_call_during_an_erasure_counts_as_before_or_after_it,
    test_erasing_a_visitor_twice_changes_nothing_more,
    test_erasing_an_id_without_a_record_denies_it_from_then_on,
    test_nothing_in_the_store_leads_from_the_visitor_to_the_number,
    test_rule_2_a_token_newer_than_the_erasure_is_doubt,
    test_rule_6_a_rebuild_holds_nobody_who_was_erased,
    test_rule_8_a_limit_outlives_deletion_too,
    test_rule_8_whoever_had_opted_in_is_denied_once_erased,
)


@pytest.fixture
async def service(tmp_path: Path, cluster: Fleet) -> AsyncIterator[Running]:
    async with running(tmp_path, store=cluster.url) as service:
        yield service
