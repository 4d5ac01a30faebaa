"""The way back to the site: whom a result may speak for, and what a mere link can't do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from consent_service.identity.page_result_tokens import PageResult, PageResultTokens, digest_of_state
from consent_service.ledger.entries import ChoiceEntry
from tests.identity.contract import OTHER_RING
from tests.support.application import Running
from tests.support.clock import START
from tests.web.browsing import Person, person, result_in, text_of

GPC = {"sec-gpc": "1"}
STATE = "made-by-this-tab"
VISITOR = bytes(range(16))


@pytest.fixture
async def visitor(service: Running) -> AsyncIterator[Person]:
    async with person(service) as one:
        yield one


async def come_back(
    service: Running, result: str, state: str = STATE, visitor: str | None = None, **body: Any
) -> dict[str, Any]:
    """Return the answer to the page view that brings this result."""
    answer = await service.signal(result=result, state=state, visitor=visitor, **body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def chosen(visitor: Person, *acts: str, token: str = "", state: str = STATE) -> str:
    """The result after these choices, each with its second step where one is needed."""
    await visitor.hand_over(visitor=token, state=state)
    for act in acts:
        page = await visitor.choose(act)
        if "/confirm/" in page.url.path:
            await visitor.confirm(page)
    return result_in(await visitor.back())


async def opted_in_for_good(service: Running, attacker: Person) -> str:
    """An attacker's own result: a visitor who affirmed, over a signal, that the site may ignore it."""
    await attacker.look(**GPC)
    await attacker.choose("opt_out", **GPC)
    await attacker.confirm(await attacker.choose("allow", **GPC), **GPC)
    assert text_of(await attacker.look(**GPC), "sale_share-state").startswith("Allowed"), (
        "else nothing is shown"
    )
    return result_in(await attacker.back())


class TestTheSameVisitor:
    async def test_is_told_what_was_chosen(self, service: Running, visitor: Person) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        told = await come_back(service, await chosen(visitor, "opt_out", token=token), visitor=token)
        assert (told["flag"]["basis"], told["flag"]["sale"]) == ("choice", "denied")
        assert service.visitor_id(told["visitor"]) == service.visitor_id(token)

    async def test_is_allowed_again_after_both_steps(self, service: Running, visitor: Person) -> None:
        token = (await service.choose(sale_share="opt_out")).json()["visitor"]
        told = await come_back(service, await chosen(visitor, "allow", token=token), visitor=token)
        assert told["flag"]["basis"] == "opted_in"

    async def test_gains_nothing_by_bringing_the_result_again(
        self, service: Running, visitor: Person
    ) -> None:
        token = (await service.choose(sale_share="opt_out")).json()["visitor"]
        result = await chosen(visitor, "allow", token=token)
        await come_back(service, result, visitor=token)
        await service.choose(sale_share="opt_out", visitor=token)
        assert (await come_back(service, result, visitor=token))["flag"]["basis"] == "choice"


class TestAPageThatHadNobody:
    async def test_takes_over_the_visitor_of_its_own_result(self, service: Running, visitor: Person) -> None:
        told = await come_back(service, await chosen(visitor, "opt_out"))
        assert told["flag"]["basis"] == "choice"
        assert not told["show"]["banner"]
        assert (await service.flag(visitor=told["visitor"]))["basis"] == "choice"

    async def test_takes_over_one_who_allowed(self, service: Running, visitor: Person) -> None:
        told = await come_back(service, await chosen(visitor, "opt_out", "allow"))
        assert told["flag"]["basis"] == "opted_in"
        assert told["visitor"]

    async def test_hears_nothing_where_nothing_was_chosen(self, service: Running, visitor: Person) -> None:
        assert await chosen(visitor) == ""


class TestALink:
    """Made by an attacker of the attacker's own, authentic result; the page knows of no such state."""

    @pytest.fixture
    async def attackers(self, service: Running) -> AsyncIterator[str]:
        async with person(service) as attacker:
            yield await opted_in_for_good(service, attacker)

    @pytest.mark.parametrize("state", ["", "guessed", STATE])
    async def test_rule_3_never_opts_in_somebody_with_a_signal(
        self, service: Running, attackers: str, state: str
    ) -> None:
        told = (
            await service.client.post(
                "/v1/acme/signals",
                json={"gpc": True, "result": attackers, "state": state},
                headers={"origin": "https://shop.example", **GPC},
            )
        ).json()
        assert (told["flag"]["sale"], told["flag"]["basis"]) == ("denied", "gpc")

    @pytest.mark.parametrize("state", ["", "guessed"])
    async def test_never_gives_the_page_another_visitor(
        self, service: Running, attackers: str, state: str
    ) -> None:
        assert (await come_back(service, attackers, state))["visitor"] is None
        victim = (await service.choose(sale_share="opt_out")).json()["visitor"]
        told = await come_back(service, attackers, state, visitor=victim)
        assert service.visitor_id(told["visitor"]) == service.visitor_id(victim)
        assert told["flag"]["sale"] == "denied"

    async def test_never_opts_in_where_an_opt_in_is_needed(self, service: Running) -> None:
        async with person(service) as attacker:
            path = "/s/abroad/privacy-choices"
            await attacker.confirm(await attacker.choose("allow", path=path))
            result = result_in(await attacker.back(path))
        answer = await service.client.post(
            "/v1/abroad/signals", json={"result": result}, headers={"origin": "https://shop.example"}
        )
        assert (answer.json()["flag"]["sale"], answer.json()["flag"]["basis"]) == ("denied", "default")

    async def test_leaves_the_victims_record_as_it_was(self, service: Running) -> None:
        victim = (await service.choose(sale_share="opt_in")).json()["visitor"]
        async with person(service) as attacker:
            result = await chosen(attacker, "opt_out", state="attackers")
        before = await service.entries()
        told = await come_back(service, result, "", visitor=victim)
        assert told["flag"]["sale"] == "denied", "of two answers the stricter"
        assert await service.entries() == before
        assert (await service.flag(visitor=victim))["basis"] == "opted_in"

    async def test_by_which_somebody_opted_out_still_denies_on_a_page_that_lost_its_state(
        self, service: Running, visitor: Person
    ) -> None:
        told = await come_back(service, await chosen(visitor, "opt_out"), "")
        assert (told["flag"]["sale"], told["visitor"], told["show"]["banner"]) == ("denied", None, False)


class TestTwoVisitors:
    """The site knows one, the page's own cookie another: the stricter answers, and both are told."""

    async def test_see_the_stricter_answers_of_both(self, service: Running, visitor: Person) -> None:
        await visitor.choose("opt_out")
        other = (await service.choose(sensitive="limit")).json()["visitor"]
        await visitor.hand_over(visitor=other)
        page = await visitor.look()
        assert text_of(page, "sale_share-state").startswith("Stopped")
        assert text_of(page, "sensitive-state").startswith("Limited")
        assert "more than one record" in page.text

    async def test_are_both_opted_out_by_one_press(self, service: Running, visitor: Person) -> None:
        await visitor.choose("limit")
        own = dict(visitor.client.cookies)["__Host-pc_own_acme"]
        other = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=other)
        await visitor.choose("opt_out")
        for token in (own, other):
            assert (await service.flag(visitor=token))["sale"] == "denied"
            await service.check_fold(token)

    async def test_are_both_allowed_by_one_second_step(self, service: Running, visitor: Person) -> None:
        await visitor.choose("opt_out")
        own = dict(visitor.client.cookies)["__Host-pc_own_acme"]
        other = (await service.choose(sale_share="opt_out")).json()["visitor"]
        await visitor.hand_over(visitor=other)
        confirm = await visitor.choose("allow")
        assert {(await service.flag(visitor=token))["sale"] for token in (own, other)} == {"denied"}
        await visitor.confirm(confirm)
        for token in (own, other):
            assert (await service.flag(visitor=token))["basis"] == "opted_in"
        assert text_of(await visitor.look(), "sale_share-state") == "Allowed"

    async def test_a_change_to_either_kills_the_second_step(self, service: Running, visitor: Person) -> None:
        await visitor.choose("opt_out")
        own = dict(visitor.client.cookies)["__Host-pc_own_acme"]
        other = (await service.choose(sale_share="opt_out")).json()["visitor"]
        await visitor.hand_over(visitor=other)
        confirm = await visitor.choose("allow")
        await service.choose(sensitive="limit", visitor=own)
        assert (await visitor.look(confirm.url.path)).status_code == 410
        assert (await visitor.confirm(confirm)).status_code == 410
        assert (await service.flag(visitor=own))["sale"] == "denied"

    async def test_one_in_the_sites_cookie_and_one_handed_over_are_both_told(
        self, service: Running, visitor: Person
    ) -> None:
        tokens = [(await service.choose(sale_share="opt_in")).json()["visitor"] for _ in range(2)]
        cookie = f"pc_acme=1.aaa.opted_in.0.{START}.300.{tokens[0]}"
        await visitor.hand_over(visitor=tokens[1])
        visit = dict(visitor.client.cookies)["__Host-pc_visit_acme"]
        both = {"cookie": f"{cookie}; __Host-pc_visit_acme={visit}"}
        await visitor.press("opt_out", await visitor.look(**both), **both)
        assert [(await service.flag(visitor=token))["sale"] for token in tokens] == ["denied", "denied"]

    async def test_who_met_on_the_way_back_are_both_opted_out(
        self, service: Running, visitor: Person
    ) -> None:
        result = await chosen(visitor, "opt_out")
        minted_meanwhile = (await service.choose(sale_share="opt_in")).json()["visitor"]
        told = await come_back(service, result, visitor=minted_meanwhile)
        assert service.visitor_id(told["visitor"]) == service.visitor_id(minted_meanwhile)
        assert (await service.flag(visitor=minted_meanwhile))["basis"] == "choice"
        last = (await service.entries())[-1]
        assert isinstance(last, ChoiceEntry)
        await service.check_fold(minted_meanwhile)

    async def test_who_met_on_the_way_back_are_never_both_opted_in(
        self, service: Running, visitor: Person
    ) -> None:
        result = await chosen(visitor, "opt_out", "allow")
        opted_out = (await service.choose(sale_share="opt_out")).json()["visitor"]
        told = await come_back(service, result, visitor=opted_out)
        assert told["flag"]["sale"] == "denied"
        assert (await service.flag(visitor=opted_out))["sale"] == "denied"


class TestAnIdentityThatCannotBeHonoured:
    async def test_is_replaced_by_the_record_that_knows_of_the_doubt(
        self, service: Running, visitor: Person
    ) -> None:
        told = await come_back(service, await chosen(visitor, "opt_out", token="forged"), visitor="forged")
        assert told["flag"]["sale"] == "denied"
        assert (await service.flag(visitor=told["visitor"]))["basis"] == "choice"

    async def test_is_not_washed_by_a_record_that_knows_of_none(
        self, service: Running, visitor: Person
    ) -> None:
        result = await chosen(visitor, "limit")
        told = await come_back(service, result, visitor="forged")
        assert (told["flag"]["sale"], told["flag"]["basis"], told["visitor"]) == (
            "denied",
            "unavailable",
            None,
        )


class TestAResultThatIsNone:
    """Ignored: no doubt is raised by a mere link."""

    def made(self, service: Running, kind: str, good: str) -> str:
        state = digest_of_state(STATE)
        result = PageResult(VISITOR, 1, state, START)
        return {
            "forged": good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
            "foreign": PageResultTokens(service.ring).sign(
                "abroad", PageResultTokens(service.ring).unsign("acme", good, START)
            ),
            "another ring's": PageResultTokens(OTHER_RING).sign("acme", result),
            "expired": PageResultTokens(service.ring).sign("acme", result._replace(issued_at=START - 601)),
            "from the future": PageResultTokens(service.ring).sign(
                "acme", result._replace(issued_at=START + 61)
            ),
            "empty": "",
            "odd": "1.%00.x",
        }[kind]

    @pytest.mark.parametrize(
        "kind", ["forged", "foreign", "another ring's", "expired", "from the future", "empty", "odd"]
    )
    async def test_changes_no_answer_and_no_record(
        self, service: Running, visitor: Person, kind: str
    ) -> None:
        result = self.made(service, kind, await chosen(visitor, "opt_out"))
        victim = (await service.choose(sale_share="opt_in")).json()["visitor"]
        before = await service.entries()
        told = await come_back(service, result, visitor=victim)
        assert told["flag"]["basis"] == "opted_in"
        assert (await come_back(service, result))["flag"]["basis"] == "default"
        assert await service.entries() == before

    async def test_of_a_record_that_is_not_there_raises_no_doubt_by_a_link(self, service: Running) -> None:
        result = PageResultTokens(service.ring).sign(
            "acme", PageResult(VISITOR, 9, digest_of_state("x"), START)
        )
        assert (await come_back(service, result, ""))["flag"]["basis"] == "default"

    async def test_of_a_record_that_is_not_there_denies_the_page_that_asked_for_it(
        self, service: Running
    ) -> None:
        result = PageResultTokens(service.ring).sign(
            "acme", PageResult(VISITOR, 9, digest_of_state(STATE), START)
        )
        assert (await come_back(service, result))["flag"]["basis"] == "unavailable"

    async def test_a_result_too_long_is_a_problem(self, service: Running) -> None:
        assert (await service.signal(result="x" * 2000)).status_code == 400
        assert (await service.signal(result="x", state="x" * 200)).status_code == 400


async def test_a_result_is_good_for_ten_minutes_from_the_press_of_the_link(
    service: Running, visitor: Person
) -> None:
    await visitor.hand_over(visitor="", state=STATE)
    await visitor.choose("opt_out")
    service.clock.now += 3600
    result = result_in(await visitor.back())
    service.clock.now += 600
    assert (await come_back(service, result))["flag"]["basis"] == "choice"
    service.clock.now += 1
    assert (await come_back(service, result))["flag"]["basis"] == "default"
