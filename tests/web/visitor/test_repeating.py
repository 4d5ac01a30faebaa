"""A call that comes again, with the same `id` and the same body, comes to the same outcome."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from consent_service.identity.nonces import Nonces
from consent_service.ledger.entries import ChoiceEntry, SignalEntry
from consent_service.services.records.standings import record_key
from consent_service.services.visitor.confirmations import Confirmations
from consent_service.store.contract import Change, Key, Put
from consent_service.store.names import request_name
from tests.support.application import READING, SERVICE, SHOP, Running, running, scripted_token

GPC = {"Sec-GPC": "1"}
DAY = 86_400
PARENT = "urn:consent-service:problem:parental-consent-required"


def new_id() -> str:
    return str(uuid.uuid4())


async def with_signal(service: Running, site: str = "acme", **body: Any) -> httpx2.Response:
    """A choice whose call carries the signal."""
    return await service.client.post(f"/v1/{site}/choices", json=body, headers={"origin": SHOP, **GPC})


def outcome(answer: httpx2.Response) -> tuple[int, str | None, str | None]:
    """Status, type of a refusal, and which entry the receipt is of."""
    body = answer.json()
    receipt = body.get("receipt")
    return answer.status_code, body.get("type"), None if receipt is None else " ".join(receipt.values())


async def token_of(service: Running, **choice: Any) -> str:
    return str((await service.choose(**choice)).json()["visitor"])


async def pressable(service: Running, url: str) -> Callable[..., Awaitable[httpx2.Response]]:
    """The confirm page's button, to be pressed any number of times."""
    page = await service.client.get(url)
    assert page.status_code == 200
    form_token = scripted_token(page)
    service.clock.now += READING

    async def press(**headers: str) -> httpx2.Response:
        return await service.press(url, form_token, **headers)

    return press


class TestACallThatComesAgain:
    async def test_a_refusal_stays_a_refusal_although_its_call_recorded_a_signal(
        self, service: Running
    ) -> None:
        child = await token_of(service, age="under_13")
        body = {"id": new_id(), "visitor": child, "sale_share": "opt_in"}
        answers = [await with_signal(service, **body) for _ in range(3)]
        assert [outcome(answer) for answer in answers] == [(403, PARENT, None)] * 3
        assert len({answer.json()["detail"] for answer in answers}) == 1
        _, seen = await service.entries()
        assert isinstance(seen, SignalEntry)

    async def test_also_at_the_same_time(self, service: Running) -> None:
        child = await token_of(service, age="under_13")
        body = {"id": new_id(), "visitor": child, "sale_share": "opt_in"}
        answers = await asyncio.gather(*(with_signal(service, **body) for _ in range(30)))
        assert {outcome(answer) for answer in answers} == {(403, PARENT, None)}
        assert len(await service.entries()) == 2

    async def test_a_refusal_holds_whatever_the_visitor_chose_since(self, service: Running) -> None:
        child = await token_of(service, age="under_13")
        body = {"id": new_id(), "visitor": child, "sale_share": "opt_in"}
        await with_signal(service, **body)
        await service.choose(visitor=child, sale_share="opt_out", sensitive="limit")
        assert (await service.choose(**body)).status_code == 403
        service.clock.now += 29 * DAY
        assert (await service.choose(**body)).status_code == 403

    async def test_what_was_recorded_is_told_as_recorded_whatever_stands_now(self, service: Running) -> None:
        token = await token_of(service, sensitive="limit")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_in"}
        first = await service.choose(**body)
        await service.choose(visitor=token, sale_share="opt_out")
        again = await service.choose(**body)
        assert outcome(again) == outcome(first)
        assert first.status_code == 201
        assert "confirm_url" not in again.json()
        assert again.json()["flag"]["basis"] == "choice", "the flag is of now"
        assert len(await service.entries()) == 3

    async def test_a_minor_since_then_is_not_refused_what_was_recorded(self, service: Running) -> None:
        token = await token_of(service, sensitive="limit")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_in"}
        first = await service.choose(**body)
        await service.choose(visitor=token, age="under_13")
        again = await service.choose(**body)
        assert outcome(again) == outcome(first)
        assert again.json()["flag"]["basis"] == "minor"

    async def test_one_that_waits_gets_a_page_again_that_can_still_be_confirmed(
        self, service: Running
    ) -> None:
        token = await token_of(service, sale_share="opt_out")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_in"}
        first = await service.choose(**body)
        service.clock.now += 3_600  # the first page is dead by age, what stands is the same
        again = await service.choose(**body)
        assert outcome(again) == outcome(first)
        assert first.status_code == 202
        assert (await service.confirm(again.json()["confirm_url"])).status_code == 200
        assert (await service.flag(visitor=token))["basis"] == "opted_in"
        assert len(await service.entries()) == 3

    async def test_also_for_a_visitor_whom_the_call_itself_made(self, service: Running) -> None:
        request = new_id()
        first, again = [await service.choose("abroad", id=request, sale_share="opt_in") for _ in range(2)]
        assert outcome(again) == outcome(first)
        assert first.status_code == 202
        visitors = {service.visitor_id(one.json()["visitor"], "abroad") for one in (first, again)}
        assert len(visitors) == 1
        await service.confirm(again.json()["confirm_url"])
        flag = await service.flag("abroad", visitor=again.json()["visitor"])
        assert flag["basis"] == "opted_in"

    async def test_and_at_the_same_time(self, service: Running) -> None:
        request = new_id()
        calls = (service.choose("abroad", id=request, sale_share="opt_in") for _ in range(30))
        answers = await asyncio.gather(*calls)
        assert len({msgspec.json.encode(answer.json()["receipt"]) for answer in answers}) == 1
        assert {answer.status_code for answer in answers} == {202}
        pages = [await service.client.get(answer.json()["confirm_url"]) for answer in answers]
        assert {page.status_code for page in pages} == {200}
        assert len(await service.entries("abroad")) == 1

    @pytest.mark.parametrize("since", [{"sale_share": "opt_out"}, {"sensitive": "limit"}, {"age": 40}])
    async def test_rule_3_after_any_change_the_page_it_gets_again_is_dead(
        self, service: Running, since: dict[str, Any]
    ) -> None:
        token = await token_of(service, sale_share="opt_out")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_in"}
        first = await service.choose(**body)
        await service.choose(visitor=token, **since)
        again = await service.choose(**body)
        assert outcome(again) == outcome(first)
        assert (await service.client.get(again.json()["confirm_url"])).status_code == 410
        assert (await service.flag(visitor=token))["sale"] == "denied"

    async def test_once_confirmed_it_still_waited_and_can_be_confirmed_no_more(
        self, service: Running
    ) -> None:
        token = await token_of(service, sale_share="opt_out")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_in"}
        first = await service.choose(**body)
        await service.confirm(first.json()["confirm_url"])
        again = await service.choose(**body)
        assert outcome(again) == outcome(first)
        assert again.json()["flag"]["basis"] == "opted_in"
        assert (await service.client.get(again.json()["confirm_url"])).status_code == 410

    async def test_what_restricted_and_what_waited_come_again_together(self, service: Running) -> None:
        token = await token_of(service, sale_share="opt_out")
        join = {"id": "club", "do": "join"}
        body: dict[str, Any] = {"id": new_id(), "visitor": token, "sale": "opt_in", "sensitive": "limit"}
        body.update(age=15, incentive=join)
        first = await service.choose(**body)
        again = await service.choose(**body)
        assert outcome(again) == outcome(first)
        page = await service.client.get(again.json()["confirm_url"])
        assert "sell your personal information" in page.text
        assert "incentive program" in page.text
        assert "share your personal information" not in page.text

    async def test_rule_1_a_signal_that_only_the_repetition_brings_is_recorded_and_kills_its_page(
        self, service: Running
    ) -> None:
        token = await token_of(service, sale_share="opt_out")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_in"}
        first = await service.choose(**body)
        again = await with_signal(service, **body)
        assert outcome(again) == outcome(first)
        assert (again.json()["flag"]["basis"], again.json()["flag"]["gpc"]) == ("gpc", True)
        assert (await service.flag(visitor=token))["gpc"], "it answers to later calls"
        for answer in (first, again):
            assert (await service.client.get(answer.json()["confirm_url"])).status_code == 410
        await service.check_fold(token)

    async def test_a_refusal_that_recorded_nothing_leaves_its_id_free(self, service: Running) -> None:
        child = await token_of(service, age="under_13")
        request = new_id()
        assert (await service.choose(visitor=child, id=request, sale_share="opt_in")).status_code == 403
        out = await service.choose(visitor=child, id=request, sale_share="opt_out")
        assert out.status_code == 201, "an opt-out is never refused for what came before it"

    async def test_a_refusal_that_recorded_a_signal_holds_its_id(self, service: Running) -> None:
        child = await token_of(service, age="under_13")
        request = new_id()
        await with_signal(service, visitor=child, id=request, sale_share="opt_in")
        other = await service.choose(visitor=child, id=request, sale_share="opt_out")
        assert other.status_code == 409

    async def test_rule_1_a_call_that_reuses_an_id_still_brings_its_signal(self, service: Running) -> None:
        token = await token_of(service, sensitive="limit")
        body = {"id": new_id(), "visitor": token}
        await service.choose(**body, sale="opt_in")
        refused = [await with_signal(service, **body, sale="opt_out") for _ in range(2)]
        assert {answer.json()["type"] for answer in refused} == {
            "urn:consent-service:problem:request-id-reused"
        }
        assert (await service.flag(visitor=token))["basis"] == "gpc", "it answers to later calls"
        assert (await service.check_fold(token)).sale.stance.name == "OPTED_IN", (
            "and nothing else was recorded"
        )

    async def test_two_visitors_may_use_one_id(self, service: Running) -> None:
        request = new_id()
        child = await token_of(service, age="under_13")
        other = await token_of(service, sensitive="limit")
        refused = await with_signal(service, visitor=child, id=request, sale_share="opt_in")
        kept = await service.choose(visitor=other, id=request, sale_share="opt_in")
        assert (refused.status_code, kept.status_code) == (403, 201)
        again = await service.choose(visitor=other, id=request, sale_share="opt_in")
        assert outcome(again) == outcome(kept)
        assert (await service.choose(visitor=child, id=request, sale_share="opt_in")).status_code == 403

    async def test_of_somebody_erased_no_outcome_is_remembered(self, service: Running) -> None:
        child = await token_of(service, age="under_13")
        body = {"id": new_id(), "visitor": child, "sale_share": "opt_in"}
        await with_signal(service, **body)
        await service.erase(child)
        asked = await service.choose(**body)
        assert asked.status_code == 202, "the age is forgotten, the denial is not"
        assert asked.json()["flag"]["sale"] == "denied"

    async def test_a_page_view_comes_to_the_same_record_and_receives_what_stands_now(
        self, service: Running
    ) -> None:
        request = new_id()
        first = (await service.signal(gpc=True, id=request)).json()
        await service.choose(visitor=first["visitor"], sensitive="limit")
        again = (await service.signal(gpc=True, id=request)).json()
        assert service.visitor_id(again["visitor"]) == service.visitor_id(first["visitor"])
        assert again["flag"]["sensitive"] == "denied"
        assert len(await service.entries()) == 2


class TestAConfirmationThatComesAgain:
    async def asked(self, service: Running) -> tuple[str, str]:
        token = await token_of(service, sale_share="opt_out")
        return token, (await service.choose(sale_share="opt_in", visitor=token)).json()["confirm_url"]

    async def test_one_that_a_signal_killed_stays_dead(self, service: Running) -> None:
        token, url = await self.asked(service)
        press = await pressable(service, url)
        answers = [await press(**GPC) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [410] * 3
        assert "Nothing was changed" in answers[-1].text
        assert (await press()).status_code == 410
        assert (await service.flag(visitor=token))["basis"] == "gpc"
        assert len(await service.entries()) == 3

    async def test_also_when_it_is_pressed_many_times_at_once(self, service: Running) -> None:
        _, url = await self.asked(service)
        press = await pressable(service, url)
        answers = await asyncio.gather(*(press(**GPC) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {410}
        assert len(await service.entries()) == 3

    async def test_one_that_held_holds_again_and_records_once(self, service: Running) -> None:
        token, url = await self.asked(service)
        press = await pressable(service, url)
        answers = [await press(), *await asyncio.gather(*(press() for _ in range(5)))]
        assert {answer.status_code for answer in answers} == {200}
        assert all("Your choice is recorded" in answer.text for answer in answers)
        entries = [one for one in await service.entries() if isinstance(one, ChoiceEntry)]
        assert [one.step for one in entries] == ["only", "asked", "confirmed"]
        await service.check_fold(token)

    async def test_one_that_held_is_told_with_what_stands_now(self, service: Running) -> None:
        token, url = await self.asked(service)
        press = await pressable(service, url)
        await press()
        await service.choose(sale_share="opt_out", visitor=token)
        again = await press()
        assert (again.status_code, "You are opted out" in again.text) == (200, True)
        assert (await service.flag(visitor=token))["basis"] == "choice"


class TestOneConfirmationOfSeveralRecords:
    """The choices page joins what waits on all records of one browser."""

    async def joined(self, service: Running) -> tuple[list[str], str]:
        """Two opted-out visitors, and the one page that opts both in."""
        tokens = [await token_of(service, sale_share="opt_out") for _ in range(2)]
        asked = [await service.choose(sale_share="opt_in", visitor=token) for token in tokens]
        nonces = [one.json()["confirm_url"].rpartition("/")[2] for one in asked]
        nonce = Confirmations(Nonces(service.ring)).join("acme", nonces, int(service.clock()))
        return tokens, f"{SERVICE}/s/acme/confirm/{nonce}"

    async def stances(self, service: Running, tokens: list[str]) -> list[str]:
        return [(await service.flag(visitor=token))["basis"] for token in tokens]

    async def test_confirms_each_and_again_the_same(self, service: Running) -> None:
        tokens, url = await self.joined(service)
        press = await pressable(service, url)
        answers = [await press(), *await asyncio.gather(*(press() for _ in range(5)))]
        assert {answer.status_code for answer in answers} == {200}
        assert all("Your choice is recorded" in answer.text for answer in answers)
        assert await self.stances(service, tokens) == ["opted_in", "opted_in"]
        assert len(await service.entries()) == 6

    @pytest.mark.parametrize("changed", [0, 1])
    async def test_where_one_of_them_changed_none_is_confirmed_and_the_page_says_so(
        self, service: Running, changed: int
    ) -> None:
        tokens, url = await self.joined(service)
        press = await pressable(service, url)
        await service.choose(visitor=tokens[changed], sensitive="limit")
        before = len(await service.entries())
        for _ in range(2):
            dead = await press()
            assert (dead.status_code, "Nothing was changed" in dead.text) == (410, True)
        assert await self.stances(service, tokens) == ["choice", "choice"]
        assert len(await service.entries()) == before

    async def test_one_that_changes_meanwhile_is_answered_as_it_stands_and_so_again(
        self, service: Running
    ) -> None:
        """The same record twice: confirming it the first time is the change that the second one meets."""
        token = await token_of(service, sale_share="opt_out")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_in"}
        urls = [(await service.choose(**body)).json()["confirm_url"] for _ in range(2)]
        nonces = [url.rpartition("/")[2] for url in urls]
        nonce = Confirmations(Nonces(service.ring)).join("acme", nonces, int(service.clock()))
        press = await pressable(service, f"{SERVICE}/s/acme/confirm/{nonce}")
        for _ in range(2):
            done = await press()
            assert (done.status_code, "Your choice is recorded" in done.text) == (200, True)
        assert len(await service.entries()) == 3

    async def test_a_signal_kills_it_for_each_and_is_recorded_for_each(self, service: Running) -> None:
        tokens, url = await self.joined(service)
        press = await pressable(service, url)
        assert [(await press(**GPC)).status_code for _ in range(2)] == [410, 410]
        assert (await press()).status_code == 410
        assert await self.stances(service, tokens) == ["gpc", "gpc"]

    async def test_one_whose_record_is_gone_confirms_none(self, service: Running) -> None:
        tokens, url = await self.joined(service)
        press = await pressable(service, url)
        await service.erase(tokens[1])
        assert (await press()).status_code == 410
        assert await self.stances(service, tokens) == ["choice", "choice"]


class TestWhatOtherVersionsRemember:
    """Older and newer servers share one store while they are exchanged."""

    async def remembered(self, service: Running, token: str, request: str) -> tuple[Key, list[Any]]:
        async with service.opened() as store:
            record = record_key(service.ring, "acme", service.visitor_id(token), store.shards)
            key = Key(record.shard, request_name(record.name, uuid.UUID(request).bytes))
            (mark,) = await store.get([key])
        assert mark is not None
        return key, msgspec.msgpack.decode(mark.value)

    async def test_a_mark_of_an_older_version_still_gives_its_receipt(self, service: Running) -> None:
        token = await token_of(service, sensitive="limit")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_out"}
        first = await service.choose(**body)
        key, mark = await self.remembered(service, token, body["id"])
        async with service.opened() as store:
            older = Put(key.name, msgspec.msgpack.encode(mark[:2]), int(service.clock()) + DAY)
            await store.commit(Change(key.shard, put=[older]))
        again = await service.choose(**body)
        assert again.status_code == 201
        assert again.json()["receipt"]["digest"] == first.json()["receipt"]["digest"]
        assert len(await service.entries()) == 2

    async def test_an_older_version_can_read_a_mark_of_this_one(self, service: Running) -> None:
        class Older(msgspec.Struct, frozen=True, array_like=True):
            asked: bytes
            receipt: list[Any] | dict[str, Any] | None

        token = await token_of(service, sale_share="opt_out")
        for choice in ({"sensitive": "limit"}, {"sale_share": "opt_in"}):
            request = new_id()
            await service.choose(visitor=token, id=request, **choice)
            _, mark = await self.remembered(service, token, request)
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(mark), type=Older).receipt

    async def test_an_outcome_that_this_version_does_not_know_is_met_as_one_of_an_older(
        self, service: Running
    ) -> None:
        token = await token_of(service, sensitive="limit")
        body = {"id": new_id(), "visitor": token, "sale_share": "opt_out"}
        await service.choose(**body)
        key, mark = await self.remembered(service, token, body["id"])
        async with service.opened() as store:
            newer = [*mark[:2], 99, *mark[3:], "more"]
            expires_at = int(service.clock()) + DAY
            await store.commit(
                Change(key.shard, put=[Put(key.name, msgspec.msgpack.encode(newer), expires_at)])
            )
        assert (await service.choose(**body)).status_code == 201
        assert len(await service.entries()) == 2


async def test_two_processes_at_once_come_to_one_outcome(tmp_path: Path) -> None:
    async with running(tmp_path) as one, running(tmp_path) as other:
        child = await token_of(one, age="under_13")
        body = {"id": new_id(), "visitor": child, "sale_share": "opt_in"}
        calls = [with_signal(service, **body) for service in (one, other) * 10]
        assert {outcome(answer) for answer in await asyncio.gather(*calls)} == {(403, PARENT, None)}
        assert len(await one.entries()) == 2
