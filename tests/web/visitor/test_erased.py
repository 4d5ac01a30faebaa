"""Somebody who was erased: nothing leads from them to their entries any more, and what they denied stays denied."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pytest

from consent_service.identity.key_ring import DAY, rotate_ring
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from consent_service.ledger.entries import ErasedEntry, SuppressedEntry
from consent_service.store.contract import Document, Key
from consent_service.store.names import visitor_shards
from tests.store.every_method import walked
from tests.support.application import RING, Running, running

DENIED = ("denied", "denied", "allowed", "choice")
ALL_DENIED = ("denied", "denied", "denied", "choice")
UNAVAILABLE = ("denied", "denied", "denied", "unavailable")


def ruling(flag: dict[str, Any]) -> tuple[object, ...]:
    return flag["sale"], flag["share"], flag["sensitive"], flag["basis"]


async def token_of(service: Running, **choice: Any) -> str:
    response = await service.choose(**choice)
    assert response.status_code in (201, 202), response.text
    return str(response.json()["visitor"])


async def documents(service: Running) -> list[tuple[Key, Document]]:
    """Everything that lies in the shards of the site's visitors."""
    async with service.opened() as store:
        shards = visitor_shards("acme", store.shards)
        return [one for batch in await walked(store, shards, b"") for one in batch]


async def allowed(service: Running) -> str:
    """The token of somebody who opted out, and back in again in two steps."""
    token = await token_of(service, sale_share="opt_out")
    answer = (await service.choose(sale_share="opt_in", visitor=token)).json()
    assert (await service.confirm(answer["confirm_url"])).status_code == 200
    assert (await service.flag(visitor=answer["visitor"]))["sale"] == "allowed"
    return str(answer["visitor"])


@pytest.mark.parametrize("cache", [True, False], ids=["cached", "not cached"])
async def test_rule_8_an_opt_out_outlives_deletion(tmp_path: Path, cache: bool) -> None:
    async with running(tmp_path, cache=cache) as service:
        token = await token_of(service, sale_share="opt_out")
        await service.flag(visitor=token)
        assert await service.erase(token)
        for _ in range(3):
            flag = await service.flag(visitor=token)
            assert ruling(flag) == DENIED
            assert flag["max_age"] == 300
    async with running(
        tmp_path, cache=cache, ring=rotate_ring(RING, int(service.clock()), bytes(32))
    ) as again:
        assert ruling(await again.flag(visitor=token)) == DENIED
        again.clock.now += 390 * DAY
        assert ruling(await again.flag(visitor=token)) == DENIED


async def test_rule_8_whoever_had_opted_in_is_denied_once_erased(service: Running) -> None:
    token = await allowed(service)
    await service.erase(token)
    assert ruling(await service.flag(visitor=token)) == DENIED


async def test_rule_8_a_limit_outlives_deletion_too(service: Running) -> None:
    token = await token_of(service, sensitive="limit")
    await service.erase(token)
    assert ruling(await service.flag(visitor=token)) == ALL_DENIED


async def test_what_doubt_denied_stays_denied_once_erased(service: Running) -> None:
    answer = await service.choose(sale_share="opt_out", visitor="nobody's")
    token = answer.json()["visitor"]
    await service.erase(token)
    assert ruling(await service.flag(visitor=token)) == ALL_DENIED


async def test_a_minor_whose_age_is_forgotten_stays_denied(service: Running) -> None:
    token = await token_of(service, age=15, sale_share="opt_in")
    await service.erase(token)
    assert ruling(await service.flag(visitor=token)) == ALL_DENIED


async def test_nothing_in_the_store_leads_from_the_visitor_to_the_number(service: Running) -> None:
    token = await token_of(service, sale_share="opt_out", id=str(uuid.uuid4()))
    visitor = service.visitor_id(token)
    (before,) = await service.entries()
    held = await documents(service)
    assert all(visitor not in key.name + document.value for key, document in held), "nor ever did it"
    assert len(held) == 2, "the record, and the mark of the request"
    await service.erase(token)
    left = await documents(service)
    assert len(left) == 1, "the suppression alone"
    for key, document in left:
        assert visitor not in key.name + document.value
        assert bytes.fromhex(before.subject) not in key.name + document.value
    (_, entry) = await service.entries()
    assert isinstance(entry, ErasedEntry)
    assert (entry.subject, entry.device) == (before.subject, None)


async def test_rule_6_a_rebuild_holds_nobody_who_was_erased(service: Running) -> None:
    token, other = await token_of(service, sale_share="opt_out"), await token_of(service, sensitive="limit")
    assert len(await service.check_rebuilt()) == 2
    await service.erase(token)
    assert len(await service.check_rebuilt()) == 1
    await service.check_fold(other)


async def test_erasing_a_visitor_twice_changes_nothing_more(service: Running) -> None:
    token = await token_of(service, sale_share="opt_out")
    assert await service.erase(token)
    entries = await service.entries()
    assert not await service.erase(token)
    assert await service.entries() == entries


async def test_erasing_an_id_without_a_record_denies_it_from_then_on(service: Running) -> None:
    visitor = VisitorClaims(bytes(range(16)), 0, None, int(service.clock()))
    token = VisitorTokens(RING).sign("acme", visitor)
    assert await service.erase(token)
    assert ruling(await service.flag(visitor=token)) == ALL_DENIED
    assert await service.entries() == []


async def test_rule_2_a_token_newer_than_the_erasure_is_doubt(service: Running) -> None:
    token = await token_of(service, sale_share="opt_out")
    await service.erase(token)
    newer = VisitorClaims(service.visitor_id(token), 1_000, None, int(service.clock()))
    assert ruling(await service.flag(visitor=VisitorTokens(RING).sign("acme", newer))) == UNAVAILABLE


class TestComingBack:
    async def test_rule_3_one_post_never_opts_in_after_an_erasure(self, service: Running) -> None:
        token = await allowed(service)
        await service.erase(token)
        answer = await service.choose(sale_share="opt_in", visitor=token)
        assert answer.status_code == 202
        again = answer.json()["visitor"]
        assert service.visitor_id(again) == service.visitor_id(token)
        for one in (token, again):
            assert ruling(await service.flag(visitor=one)) == DENIED
        await service.confirm(answer.json()["confirm_url"])
        assert (await service.flag(visitor=again))["basis"] == "opted_in"
        await service.check_fold(again)

    async def test_a_new_record_has_a_new_number_and_begins_with_what_was_denied(
        self, service: Running
    ) -> None:
        token = await token_of(service, sensitive="limit")
        await service.erase(token)
        await token_of(service, sale_share="opt_out", visitor=token)
        _, erased, begun, chosen = await service.entries()
        assert isinstance(begun, SuppressedEntry)
        assert (begun.sale, begun.share, begun.sensitive) == ("opt_out", "opt_out", "limit")
        assert begun.subject == chosen.subject != erased.subject
        assert ruling(await service.flag(visitor=token)) == ALL_DENIED
        await service.check_rebuilt()

    async def test_a_request_sent_again_begins_no_record_that_allows_more(self, service: Running) -> None:
        request = str(uuid.uuid4())
        token = await token_of(service, sale_share="opt_in", id=request)
        assert (await service.flag(visitor=token))["sale"] == "allowed"
        await service.erase(token)
        answer = await service.choose(sale_share="opt_in", id=request)
        assert answer.status_code == 202
        assert service.visitor_id(answer.json()["visitor"]) == service.visitor_id(token)
        assert ruling(answer.json()["flag"]) == DENIED
        await service.check_rebuilt()

    async def test_a_signal_after_an_erasure_is_recorded_beside_the_suppression(
        self, service: Running
    ) -> None:
        token = await token_of(service, sale_share="opt_out")
        await service.erase(token)
        told = (await service.signal(gpc=True, visitor=token)).json()
        assert told["flag"]["basis"] == "gpc"
        await service.check_fold(told["visitor"])

    async def test_rule_9_an_erased_visitor_is_not_asked_for_twelve_months(self, service: Running) -> None:
        token = await token_of(service, sale_share="opt_out")
        await service.erase(token)
        told = (await service.signal(visitor=token)).json()
        assert told["show"]["banner"] is False
        assert told["may_ask_after"] == "2027-11-22T10:00:00Z"
        assert len(await service.entries()) == 2, "to look at a page records nothing"

    async def test_a_second_erasure_removes_the_second_number_too(self, service: Running) -> None:
        token = await token_of(service, sensitive="limit")
        await service.erase(token)
        again = await token_of(service, sale_share="opt_out", visitor=token)
        assert await service.erase(again)
        assert await service.check_rebuilt() == {}
        for one in (token, again):
            assert ruling(await service.flag(visitor=one)) == ALL_DENIED


async def test_a_call_during_an_erasure_counts_as_before_or_after_it(service: Running) -> None:
    token = await token_of(service, sale_share="opt_out")
    asked = [service.choose(sensitive="limit", visitor=token, id=str(uuid.uuid4())) for _ in range(20)]
    erasing = asyncio.create_task(service.erase(token))
    answers = await asyncio.gather(*asked)
    assert await erasing
    assert {answer.status_code for answer in answers} == {201}
    assert len(await service.check_rebuilt()) <= 1
    assert ruling(await service.flag(visitor=token)) == ALL_DENIED
    await service.erase(token)
    assert await service.check_rebuilt() == {}
