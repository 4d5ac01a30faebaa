"""The service's own tests of what it stores, run once more over Redis: they are imported, not written again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop

from consent_service.store.contract import Change, Document, Key, Put
from consent_service.store.redis import RedisStore
from tests.embed.test_script import (  # noqa: F401
    test_a_version_that_was_served_before_is_still_served,
    test_todays_version_is_kept_for_thirteen_months,
)
from tests.support.application import Running, running
from tests.support.redis.fleets import Fleet
from tests.support.waiting import eventually_async
from tests.web.pages.test_confirm import TestTheNonce, TestTheSteps  # noqa: F401
from tests.web.test_flag import (  # noqa: F401
    test_a_recognised_visitors_signal_is_recorded_from_the_flag_call_itself,
    test_an_opted_out_visitor_is_denied_by_token_and_by_cookie,
    test_rule_2_a_token_without_a_record_or_newer_than_it_is_denied,
)
from tests.web.visitor.test_choices import (  # noqa: F401 - collected here, with the fixture below
    TestAVisitorWhoCannotBeRecognised,
    TestSignals,
    TestTheSameIdAgain,
    test_a_receipt_proves_the_entry,
    test_a_thousand_choices_of_one_visitor_at_once_are_all_recorded,
    test_rule_1_a_signal_over_a_stored_opt_in_is_affirmed_in_two_steps,
    test_rule_3_opting_in_after_an_opt_out_takes_the_second_step,
)
from tests.web.visitor.test_imported import (  # noqa: F401
    test_a_line_is_a_record_with_an_entry_that_says_when_it_was_made,
    test_an_import_that_comes_later_binds_a_visitor_who_was_here_before,
    test_every_line_is_told_of_in_order_and_a_second_time_each_is_there_already,
    test_two_imports_of_one_file_at_once_record_each_line_once,
    test_whoever_brings_an_imported_id_is_opted_out_from_then_on,
)
from tests.web.visitor.test_repeating import (  # noqa: F401
    TestACallThatComesAgain,
    TestAConfirmationThatComesAgain,
    TestOneConfirmationOfSeveralRecords,
    TestWhatOtherVersionsRemember,
)


@pytest.fixture
async def service(tmp_path: Path, standalone: Fleet) -> AsyncIterator[Running]:
    async with running(tmp_path, store=standalone.url) as service:
        yield service


async def test_with_the_store_gone_the_flag_is_denied_and_never_an_error(
    tmp_path: Path, standalone: Fleet
) -> None:
    async with running(tmp_path, cache=False, store=standalone.url) as service:
        token = (await service.choose(sensitive="limit")).json()["visitor"]
        assert (await service.flag(visitor=token))["sale"] == "allowed"
        standalone.servers[0].hide()
        flag = await service.flag(visitor=token)
        assert (flag["sale"], flag["basis"], flag["max_age"]) == ("denied", "unavailable", 0)
        assert (await service.choose(sale_share="opt_out", visitor=token)).status_code == 503
        standalone.servers[0].show()
        await eventually_async(lambda: answered(service, token))


async def answered(service: Running, token: str) -> bool:
    """Return True once the flag is read from the store again."""
    return bool((await service.flag(visitor=token))["basis"] != "unavailable")


def test_the_service_runs_over_redis_in_the_web_servers_own_event_loop(standalone: Fleet) -> None:
    async def write_and_read() -> list[Document | None]:
        store = RedisStore.open(standalone.url)
        await store.commit(Change("acme.07", put=[Put(b"a", b"1")]))
        found = await store.get([Key("acme.07", b"a")])
        await store.close()
        return found

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(write_and_read()) == [Document(b"1", 1)]
