"""`POST /v1/{site}/choices` and the second step."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from consent_service.domain.words import Stance
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from consent_service.ledger.entries import ChoiceEntry, SignalEntry, encode
from tests.support.application import RING, SHOP, Running, running
from tests.support.clock import START

GPC = {"Sec-GPC": "1"}


async def test_rule_4_opting_out_needs_no_token_no_id_and_no_second_step(service: Running) -> None:
    response = await service.choose(sale_share="opt_out", method="banner")
    assert response.status_code == 201
    body = response.json()
    assert (body["flag"]["sale"], body["flag"]["share"], body["flag"]["basis"]) == (
        "denied",
        "denied",
        "choice",
    )
    assert response.headers["access-control-allow-origin"] == SHOP
    assert response.headers["cache-control"] == "no-store"
    assert "confirm_url" not in body
    await service.check_fold(body["visitor"])


async def test_a_receipt_proves_the_entry(service: Running) -> None:
    receipt = (await service.choose(sale_share="opt_out", notice="n1", lang="en")).json()["receipt"]
    (entry,) = await service.entries()
    assert receipt == {
        "id": receipt["id"],
        "site": "acme",
        "at": "2026-11-22T10:00:00Z",
        "digest": hashlib.sha256(encode(entry)).hexdigest(),
    }
    assert receipt["id"].partition(".")[0] == entry.id


async def test_rule_7_an_entry_holds_no_address_and_no_user_agent(service: Running) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 secret-build"
    headers = {"origin": SHOP, "user-agent": agent, "x-forwarded-for": "203.0.113.9"}
    await service.client.post("/v1/acme/choices", json={"sale_share": "opt_out"}, headers=headers)
    data = service.store_path.read_bytes() + Path(f"{service.store_path}-wal").read_bytes()
    assert b"secret-build" not in data
    assert b"203.0.113.9" not in data
    (entry,) = await service.entries()
    assert msgspec.to_builtins(entry)["device"] == {"kind": "desktop", "browser": "Firefox"}


async def test_keeping_what_is_allowed_is_one_step(service: Running) -> None:
    response = await service.choose(sale_share="opt_in", method="banner")
    assert response.status_code == 201
    assert response.json()["flag"]["basis"] == "opted_in"


async def test_rule_3_opting_in_after_an_opt_out_takes_the_second_step(service: Running) -> None:
    token = (await service.choose(sale_share="opt_out")).json()["visitor"]
    asked = await service.choose(sale_share="opt_in", visitor=token)
    assert asked.status_code == 202
    assert asked.json()["flag"]["basis"] == "choice"
    assert (await service.flag(visitor=token))["basis"] == "choice"
    done = await service.confirm(asked.json()["confirm_url"])
    assert done.status_code == 200
    assert "Your choice is recorded" in done.text
    assert (await service.flag(visitor=token))["basis"] == "opted_in"
    steps = [entry.step for entry in await service.entries() if isinstance(entry, ChoiceEntry)]
    assert steps == ["only", "asked", "confirmed"]
    await service.check_fold(token)


async def test_rule_1_a_signal_over_a_stored_opt_in_is_affirmed_in_two_steps(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    token = (await service.signal(gpc=True, visitor=token)).json()["visitor"]
    assert (await service.flag(visitor=token))["basis"] == "gpc"
    asked = await service.choose(sale_share="opt_in", visitor=token)
    await service.confirm(asked.json()["confirm_url"], **GPC)
    # the header of the confirm call was a fact of its own: nobody had seen it, so the nonce died
    assert (await service.flag(visitor=token))["basis"] == "gpc"
    asked = await service.choose(sale_share="opt_in", visitor=token)
    await service.confirm(asked.json()["confirm_url"], **GPC)
    assert (await service.flag(visitor=token))["basis"] == "affirmed"
    response = await service.client.get("/v1/acme/flag", params={"visitor": token}, headers=GPC)
    assert response.json()["basis"] == "affirmed"
    out = await service.choose(sale_share="opt_out", visitor=token)
    assert out.json()["flag"]["basis"] == "gpc"
    await service.check_fold(token)


async def test_limit_is_one_step_and_lifting_it_two(service: Running) -> None:
    token = (await service.choose(sensitive="limit")).json()["visitor"]
    flag = await service.flag(visitor=token)
    assert (flag["sensitive"], flag["sale"], flag["basis"]) == ("denied", "allowed", "choice")
    asked = await service.choose(sensitive="lift", visitor=token)
    assert asked.status_code == 202
    await service.confirm(asked.json()["confirm_url"])
    assert (await service.flag(visitor=token))["sensitive"] == "allowed"


async def test_what_restricts_is_recorded_and_what_opts_in_waits(service: Running) -> None:
    token = (await service.choose(sale_share="opt_out")).json()["visitor"]
    mixed = await service.choose(sensitive="limit", sale="opt_in", visitor=token)
    assert mixed.status_code == 202
    assert mixed.json()["flag"]["sensitive"] == "denied"
    assert mixed.json()["flag"]["sale"] == "denied"
    assert "receipt" in mixed.json()


async def test_of_contradicting_members_the_opt_out_wins(service: Running) -> None:
    response = await service.choose(sale_share="opt_in", share="opt_out")
    assert (response.json()["flag"]["sale"], response.json()["flag"]["share"]) == ("allowed", "denied")


async def test_where_an_opt_in_is_needed_one_post_never_gives_it(service: Running) -> None:
    asked = await service.choose("abroad", sale_share="opt_in")
    assert asked.status_code == 202
    token = asked.json()["visitor"]
    assert (await service.flag("abroad", visitor=token))["sale"] == "denied"
    await service.confirm(asked.json()["confirm_url"])
    assert (await service.flag("abroad", visitor=token))["basis"] == "opted_in"


@pytest.mark.parametrize("age", [14, "13_15"])
async def test_rule_10_a_teenager_is_denied_until_the_second_step(service: Running, age: int | str) -> None:
    response = await service.choose(age=age, sale_share="opt_in")
    assert response.status_code == 202
    assert response.json()["flag"]["basis"] == "minor"
    token = response.json()["visitor"]
    older = await service.choose(age=30, visitor=token)
    assert (older.status_code, older.json()["flag"]["basis"]) == (202, "minor")
    asked = await service.choose(sale_share="opt_in", visitor=token)
    await service.confirm(asked.json()["confirm_url"])
    assert (await service.flag(visitor=token))["basis"] == "opted_in"


async def test_rule_10_for_a_child_only_a_parent_can_consent(service: Running) -> None:
    token = (await service.choose(age=9)).json()["visitor"]
    for body in ({"sale_share": "opt_in"}, {"age": "18_plus"}):
        refused = await service.choose(visitor=token, **body)
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:consent-service:problem:parental-consent-required"
    assert (await service.flag(visitor=token))["basis"] == "minor"


async def test_joining_a_programme_takes_two_steps_and_leaving_one(service: Running) -> None:
    join = await service.choose(incentive={"id": "club", "do": "join"})
    assert join.status_code == 202
    token = join.json()["visitor"]
    assert (await service.check_fold(token)).programmes == 0
    await service.confirm(join.json()["confirm_url"])
    assert (await service.check_fold(token)).programmes == 1
    leave = await service.choose(incentive={"id": "club", "do": "leave"}, visitor=token)
    assert leave.status_code == 201
    assert (await service.check_fold(token)).programmes == 0


class TestTheSameIdAgain:
    """A lost answer and its retry meet the same visitor and record once."""

    async def test_a_minted_visitor_is_met_again(self, service: Running) -> None:
        request = str(uuid.uuid4())
        first = (await service.choose(id=request, sale_share="opt_out")).json()
        again = (await service.choose(id=request, sale_share="opt_out")).json()
        assert service.visitor_id(first["visitor"]) == service.visitor_id(again["visitor"])
        assert first["receipt"] == again["receipt"]
        assert len(await service.entries()) == 1

    async def test_a_known_visitor_is_recorded_once(self, service: Running) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        request = str(uuid.uuid4())
        bodies = [
            (await service.choose(id=request, sale_share="opt_out", visitor=token)).json() for _ in range(3)
        ]
        assert len({msgspec.json.encode(body["receipt"]) for body in bodies}) == 1
        assert len(await service.entries()) == 2

    async def test_at_the_same_time_it_is_recorded_once(self, service: Running) -> None:
        request = str(uuid.uuid4())
        calls = (service.choose(id=request, sale_share="opt_out") for _ in range(50))
        answers = await asyncio.gather(*calls)
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["receipt"]["id"] for answer in answers}) == 1
        assert len(await service.entries()) == 1

    async def test_a_late_repetition_does_not_undo_what_came_since(self, service: Running) -> None:
        request = str(uuid.uuid4())
        token = (await service.choose(id=request, sale_share="opt_out")).json()["visitor"]
        asked = await service.choose(sale_share="opt_in", visitor=token)
        await service.confirm(asked.json()["confirm_url"])
        late = await service.choose(id=request, sale_share="opt_out")
        assert late.json()["flag"]["basis"] == "opted_in"

    async def test_an_id_that_was_used_for_another_choice_is_refused(self, service: Running) -> None:
        request = str(uuid.uuid4())
        await service.choose(id=request, sale_share="opt_in")
        refused = await service.choose(id=request, sale_share="opt_out")
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:consent-service:problem:request-id-reused"


class TestAVisitorWhoCannotBeRecognised:
    async def test_can_opt_out_as_somebody_new(self, service: Running) -> None:
        response = await service.choose(sale_share="opt_out", visitor="forged")
        assert response.status_code == 201
        assert (await service.flag(visitor=response.json()["visitor"]))["basis"] == "choice"

    async def test_never_opts_in_with_one_post(self, service: Running) -> None:
        response = await service.choose(sale_share="opt_in", visitor="forged")
        assert response.status_code == 202
        assert response.json()["flag"]["basis"] == "unavailable"
        token = response.json()["visitor"]
        assert (await service.flag(visitor=token))["basis"] == "unavailable"
        await service.choose(sale_share="opt_in", visitor=token)
        assert (await service.flag(visitor=token))["sale"] == "denied"

    async def test_opts_in_with_the_second_step(self, service: Running) -> None:
        response = await service.choose(sale_share="opt_in", visitor="forged")
        await service.confirm(response.json()["confirm_url"])
        flag = await service.flag(visitor=response.json()["visitor"])
        assert (flag["basis"], flag["sale"], flag["sensitive"]) == ("opted_in", "allowed", "denied")

    async def test_is_never_somebody_else(self, service: Running) -> None:
        victim = (await service.choose(sale_share="opt_in")).json()["visitor"]
        claims = VisitorTokens(RING).unsign("acme", victim, START)
        newer = VisitorTokens(RING).sign("acme", claims._replace(version=claims.version + 7))
        response = await service.choose(sale_share="opt_out", visitor=newer)
        assert service.visitor_id(response.json()["visitor"]) != claims.visitor_id
        assert (await service.flag(visitor=victim))["basis"] == "opted_in"


async def test_a_thousand_choices_of_one_visitor_at_once_are_all_recorded(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    words = [("limit", None), (None, "opt_out")]
    bodies: list[dict[str, Any]] = [
        {
            name: word
            for name, word in zip(("sensitive", "sale_share"), words[number % 2], strict=True)
            if word
        }
        for number in range(1000)
    ]
    calls = (acknowledged(service, visitor=token, id=str(uuid.uuid4()), **body) for body in bodies)
    answers = await asyncio.gather(*calls)
    assert len({answer.json()["receipt"]["id"] for answer in answers}) == 1000
    assert len(await service.entries()) == 1001
    standing = await service.check_fold(token)
    assert standing.sale.stance is standing.sensitive.stance is Stance.OPTED_OUT


async def acknowledged(service: Running, **body: Any) -> httpx2.Response:
    """Choose until it is acknowledged: a busy service answers 503, and the retry carries the same `id`."""
    while (answer := await service.choose(**body)).status_code == 503:
        assert answer.headers["retry-after"]
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_visitor_who_comes_to_another_worker_at_once_is_recognised(tmp_path: Path) -> None:
    """The other worker's memory may be a moment behind the token: then it asks the store, it does not doubt."""
    async with running(tmp_path) as one, running(tmp_path) as other:
        token = (await one.choose(sale_share="opt_in")).json()["visitor"]
        assert (await other.flag(visitor=token))["basis"] == "opted_in"
        newer = (await one.choose(sensitive="limit", visitor=token)).json()["visitor"]
        assert (await other.flag(visitor=newer))["sensitive"] == "denied"
        assert (await other.flag(visitor=newer))["basis"] == "opted_in"
        newest = (await one.choose(sale_share="opt_out", visitor=newer)).json()["visitor"]
        again = (await other.choose(sensitive="limit", visitor=newest)).json()["visitor"]
        assert one.visitor_id(again) == one.visitor_id(token)


async def test_bots_choices_are_recorded_and_their_signals_are_not(service: Running) -> None:
    bot = {
        "origin": SHOP,
        "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        **GPC,
    }
    seen = await service.client.post("/v1/acme/signals", json={"gpc": True}, headers=bot)
    assert seen.json()["flag"]["basis"] == "gpc"
    assert seen.json()["visitor"] is None
    assert await service.entries() == []
    await service.client.post("/v1/acme/choices", json={"sale_share": "opt_out"}, headers=bot)
    (entry,) = await service.entries()
    assert isinstance(entry, ChoiceEntry)


async def test_the_confirm_page_tells_of_a_signal_on_record(service: Running) -> None:
    token = (await service.signal(gpc=True)).json()["visitor"]
    asked = await service.choose(sale_share="opt_in", visitor=token)
    page = await service.client.get(asked.json()["confirm_url"])
    assert "Global Privacy Control" in page.text


async def test_token_and_cookie_of_different_visitors_get_the_stricter_answer_to_a_signal(
    service: Running,
) -> None:
    out = (await service.choose(sale_share="opt_out")).json()["visitor"]
    kept = (await service.choose(sale_share="opt_in")).json()["visitor"]
    headers = {"origin": SHOP, "cookie": f"pc_acme=1.dda.choice.0.{START}.300.{out}"}
    answer = await service.client.post("/v1/acme/signals", json={"visitor": kept}, headers=headers)
    assert answer.json()["flag"]["sale"] == "denied"


class TestSignals:
    async def test_rule_1_a_signal_is_recorded_once_over_many_page_views(self, service: Running) -> None:
        token = None
        for _ in range(10):
            headers = {"origin": SHOP, **GPC}
            body = {"gpc": True, "visitor": token}
            answer = (await service.client.post("/v1/acme/signals", json=body, headers=headers)).json()
            token = answer["visitor"]
            assert answer["flag"]["basis"] == "gpc"
            assert answer["show"] == {"banner": False, "honored": True, "conflict": False}
            assert answer["may_ask_after"] == "2027-11-22T10:00:00Z"
        (entry,) = await service.entries()
        assert isinstance(entry, SignalEntry)
        assert entry.sources == ["header", "script"]

    async def test_a_false_from_the_page_never_cancels_the_header(self, service: Running) -> None:
        headers = {"origin": SHOP, **GPC}
        answer = await service.client.post("/v1/acme/signals", json={"gpc": False}, headers=headers)
        assert answer.json()["flag"]["basis"] == "gpc"

    async def test_without_a_signal_nobody_is_minted(self, service: Running) -> None:
        answer = (await service.signal(gpc=False)).json()
        assert answer["visitor"] is None
        assert answer["show"]["banner"]
        assert await service.entries() == []

    async def test_where_nothing_can_be_kept_nothing_is_minted(self, service: Running) -> None:
        answer = (await service.signal(gpc=True, storage=False)).json()
        assert (answer["visitor"], answer["flag"]["basis"]) == (None, "gpc")
        assert await service.entries() == []

    async def test_the_same_id_meets_the_same_visitor(self, service: Running) -> None:
        request = str(uuid.uuid4())
        tokens = [(await service.signal(gpc=True, id=request)).json()["visitor"] for _ in range(3)]
        assert len({service.visitor_id(token) for token in tokens}) == 1
        assert len(await service.entries()) == 1

    async def test_rule_2_a_forged_token_is_answered_denied_unavailable(self, service: Running) -> None:
        answer = (await service.signal(gpc=False, visitor="forged")).json()
        assert (answer["flag"]["basis"], answer["flag"]["max_age"]) == ("unavailable", 0)
        assert answer["visitor"] is None
        assert answer["show"] == {"banner": False, "honored": False, "conflict": False}

    async def test_rule_2_a_forged_token_with_a_signal_is_denied_and_starts_anew(
        self, service: Running
    ) -> None:
        answer = (await service.signal(gpc=True, visitor="forged")).json()
        assert answer["flag"]["basis"] == "unavailable"
        later = await service.flag(visitor=answer["visitor"])
        assert (later["basis"], later["sensitive"]) == ("gpc", "denied")

    async def test_a_signal_against_a_confirmed_opt_in_is_answered_with_the_notice_of_a_conflict(
        self, service: Running
    ) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        answer = (await service.signal(gpc=True, visitor=token)).json()
        assert answer["show"] == {"banner": False, "honored": True, "conflict": True}


async def test_rule_9_nobody_is_asked_for_twelve_months_after_an_opt_out(service: Running) -> None:
    token = (await service.choose(sale_share="opt_out")).json()["visitor"]
    seen = (await service.signal(visitor=token)).json()
    assert (seen["show"]["banner"], seen["may_ask_after"]) == (False, "2027-11-22T10:00:00Z")
    service.clock.now += 366 * 86_400
    token = seen["visitor"]
    assert (await service.signal(visitor=token)).json()["show"]["banner"]
    assert (await service.flag(visitor=token))["basis"] == "choice", "the opt-out itself does not expire"


async def test_limits_answer_429_with_a_time_and_keep_no_address(tmp_path: Path) -> None:
    async with running(tmp_path, writes_per_minute=60, burst=3) as service:
        answers = [await service.choose(sale_share="opt_out") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert int(answers[3].headers["retry-after"]) >= 1
        assert answers[3].headers["access-control-expose-headers"] == "Retry-After"
        assert (await service.signal(gpc=True)).status_code == 200, "page views do not use up opt-outs"


def test_the_visitor_token_says_nothing_in_clear() -> None:
    visitor = bytes(range(16))
    token = VisitorTokens(RING).sign("acme", VisitorClaims(visitor, 7, None, START))
    assert visitor.hex() not in token


async def test_an_opt_out_of_the_consent_tool_before_is_recorded_as_such(service: Running) -> None:
    answer = await service.choose(sale_share="opt_out", method="prior_cmp")
    assert answer.status_code == 201
    (entry,) = await service.entries()
    assert isinstance(entry, ChoiceEntry)
    assert (entry.method, entry.sale) == ("prior_cmp", "opt_out")
    await service.check_fold(answer.json()["visitor"])


@pytest.mark.parametrize(
    ("made_at", "recorded"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22T02:00:00.5-08:00", "2026-11-22T02:00:00.500000-08:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
        ("2016-12-31T15:59:60.25-08:00", "2016-12-31T15:59:59.250000-08:00"),
        ("2016-12-31t23:59:60z", "2016-12-31T23:59:59+00:00"),
        ("2026-11-22T10:00:00", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22 10:00:00.125", "2026-11-22T10:00:00.125000+00:00"),
    ],
)
async def test_the_time_of_the_visitors_clock_is_recorded(
    service: Running, made_at: str, recorded: str
) -> None:
    assert (await service.choose(sale_share="opt_out", made_at=made_at)).status_code == 201
    (entry,) = await service.entries()
    assert isinstance(entry, ChoiceEntry)
    assert entry.made_at == recorded


@pytest.mark.parametrize(
    "made_at", ["", "2026-13-01T00:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "60", "9" * 60]
)
async def test_a_time_that_there_is_not_is_refused_in_words(service: Running, made_at: str) -> None:
    answer = await service.choose(sale_share="opt_out", made_at=made_at)
    assert (answer.status_code, "made_at" in answer.json()["detail"]) == (400, True)
    assert await service.entries() == []
