"""`/s/{site}/privacy-choices`: it says of a visitor what it knows, and that it does not know the rest."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.application import Running, running
from tests.support.clock import START
from tests.web.browsing import PAGE, Person, person, result_in, text_of

GPC = {"sec-gpc": "1"}
UNKNOWN, UNCHOSEN = "Not known on this page", "No choice on record"
OUT_HERE, IN_HERE = "Opted out on this page", "Allowed on this page"
ALLOWED, STOPPED = "Allowed", "Stopped: you are opted out"
CANT_SEE = "This page can't see what you chose on Acme Shop."


@pytest.fixture
async def visitor(service: Running) -> AsyncIterator[Person]:
    async with person(service) as one:
        yield one


def buttons(page: httpx2.Response) -> dict[str, str]:
    """Each button of the page and whether it is said to be pressed."""
    return dict(re.findall(r'<button [^>]*value="(\w+)"[^>]*aria-pressed="(\w+)"', page.text))


def words(page: httpx2.Response) -> str:
    """All that can be read on the page."""
    body = page.text.partition("</style>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split()).replace("&#39;", "'")


def later(visitor: Person) -> None:
    """The browser was closed: of this page's cookies the one of the visit is gone."""
    visitor.client.cookies.delete("__Host-pc_visit_acme")


class TestSomebodyWhomNobodyHandedOver:
    async def test_reads_what_is_not_known_and_what_the_site_does_by_default(self, visitor: Person) -> None:
        page = await visitor.look()
        for row in ("sale_share", "sensitive"):
            assert text_of(page, f"{row}-state") == UNKNOWN
            assert text_of(page, f"{row}-means").endswith("chooses nothing, Acme Shop may do this.")
        assert CANT_SEE in words(page)
        assert ALLOWED not in words(page)

    async def test_reads_of_a_site_that_asks_first_that_it_does_nothing_by_default(
        self, visitor: Person
    ) -> None:
        page = await visitor.look("/s/abroad/privacy-choices")
        assert text_of(page, "sale_share-state") == UNKNOWN
        assert text_of(page, "sale_share-means").endswith("Acme Abroad does not do this.")
        assert "opted out" not in words(page)

    async def test_is_offered_what_denies_and_nothing_that_would_come_to_nothing(
        self, visitor: Person
    ) -> None:
        page = await visitor.look()
        assert buttons(page) == {"opt_out": "false", "limit": "false"}
        assert "second step" not in words(page)

    async def test_reads_the_same_in_spanish(self, visitor: Person) -> None:
        page = await visitor.look(f"{PAGE}?lang=es")
        assert "Esta página no puede ver lo que usted eligió en Acme Shop." in words(page)
        assert text_of(page, "sale_share-state") == "No se conoce en esta página"
        assert "Permitido" not in words(page)

    async def test_reads_how_to_come_so_that_the_choice_shows(self, visitor: Person) -> None:
        page = await visitor.look()
        assert "open “Your Privacy Choices”, and there “More about these choices”" in words(page)
        assert "{" not in words(page)

    async def test_is_told_by_a_page_without_scripts_that_the_site_learns_of_nothing(
        self, visitor: Person
    ) -> None:
        page = await visitor.look()
        assert (
            "Your browser runs no scripts."
            in page.text.partition("<noscript>")[2].partition("</noscript>")[0]
        )

    async def test_has_opted_out_here_and_reads_where_that_counts(self, visitor: Person) -> None:
        page = await visitor.choose("opt_out")
        assert text_of(page, "sale_share-state") == OUT_HERE
        assert text_of(page, "sensitive-state") == UNKNOWN
        assert text_of(page, "did").startswith("You opted out of sale and sharing on this page.")
        assert "by the link “Back to Acme Shop”" in text_of(page, "reach")
        assert 'id="privacy-choices-did-back"' in page.text
        assert CANT_SEE in words(page), "it still does not know what was chosen on the site"
        assert buttons(page) == {"opt_out": "true", "allow": "false", "limit": "false"}

    async def test_reads_the_same_when_coming_back_much_later(
        self, service: Running, visitor: Person
    ) -> None:
        await visitor.choose("opt_out")
        later(visitor)
        service.clock.now += 30 * 86_400
        page = await visitor.look()
        assert (text_of(page, "sale_share-state"), text_of(page, "did")) == (OUT_HERE, "")
        assert CANT_SEE in words(page)
        assert "by the link" in text_of(page, "reach")

    async def test_takes_the_opt_out_along_by_the_link_as_it_is_said(
        self, service: Running, visitor: Person
    ) -> None:
        await visitor.choose("opt_out")
        told = (await service.signal(result=result_in(await visitor.back()))).json()
        assert (told["flag"]["sale"], told["flag"]["basis"]) == ("denied", "choice")
        assert (await service.signal()).json()["flag"]["sale"] == "allowed", (
            "without the link nothing is known"
        )

    async def test_reads_after_allowing_again_only_that_it_was_on_this_page(self, visitor: Person) -> None:
        await visitor.choose("opt_out")
        done = await visitor.confirm(await visitor.choose("allow"))
        assert "You have allowed Acme Shop to:" in words(done)
        assert "may now" not in words(done)
        assert "Back to your privacy choices" in words(done)
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == IN_HERE
        assert CANT_SEE in words(page)


class TestASignal:
    async def test_of_somebody_unknown_is_known_and_so_is_its_one_exception(self, visitor: Person) -> None:
        page = await visitor.look(**GPC)
        assert text_of(page, "honored") == "Opt-Out Request Honored"
        assert text_of(page, "sale_share-state") == STOPPED
        assert text_of(page, "sensitive-state") == UNKNOWN, "the signal says nothing of it"
        assert "if you confirmed on Acme Shop that it may ignore the signal" in words(page)
        assert CANT_SEE in words(page)

    async def test_has_no_exception_that_the_page_could_not_see_where_the_site_handed_over(
        self, service: Running, visitor: Person
    ) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=token)
        page = await visitor.look(**GPC)
        assert text_of(page, "sale_share-state") == STOPPED
        assert "may ignore" not in words(page)

    async def test_that_came_once_is_not_said_to_come_still(self, service: Running, visitor: Person) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=token)
        await visitor.look(**GPC)
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == STOPPED
        assert "Your browser has sent an opt-out preference signal" in words(page)
        assert "Your browser sends" not in words(page)


class TestSomebodyWhomTheSiteHandedOver:
    async def test_without_a_record_has_no_choice_on_record(self, visitor: Person) -> None:
        await visitor.hand_over(visitor="", state="s")
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == UNCHOSEN
        assert text_of(page, "sale_share-means").endswith("chooses nothing, Acme Shop may do this.")
        assert set(buttons(page).values()) == {"false"}
        assert set(buttons(page)) == {"opt_out", "allow", "limit", "lift"}
        assert "once you go back there by the link “Back to Acme Shop”" in text_of(page, "reach")
        assert CANT_SEE not in words(page)

    @pytest.mark.parametrize(
        ("choice", "sale_share", "sensitive"),
        [
            ({"sale_share": "opt_out"}, STOPPED, UNCHOSEN),
            ({"sale_share": "opt_in"}, ALLOWED, UNCHOSEN),
            ({"sale": "opt_in"}, UNCHOSEN, UNCHOSEN),
            ({"share": "opt_out"}, STOPPED, UNCHOSEN),
            ({"sensitive": "limit"}, UNCHOSEN, "Limited to what the service needs"),
            ({"age": 9}, STOPPED, "Limited to what the service needs"),
        ],
        ids=lambda case: (
            "-".join(f"{name} {value}" for name, value in case.items()) if isinstance(case, dict) else ""
        ),
    )
    async def test_reads_what_is_on_record_and_of_the_rest_that_nothing_is(
        self, service: Running, visitor: Person, choice: dict[str, Any], sale_share: str, sensitive: str
    ) -> None:
        token = (await service.choose(**choice)).json()["visitor"]
        await visitor.hand_over(visitor=token)
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == sale_share
        assert text_of(page, "sensitive-state") == sensitive
        assert text_of(page, "reach") == "What you choose here counts on Acme Shop as well."
        assert CANT_SEE not in words(page)

    async def test_and_erased_since_stays_opted_out(self, service: Running, visitor: Person) -> None:
        token = (await service.choose(sale_share="opt_out")).json()["visitor"]
        assert await service.erase(token)
        await visitor.hand_over(visitor=token)
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == STOPPED
        assert CANT_SEE not in words(page)

    async def test_reads_that_the_choice_counts_there_once_they_go_back(self, visitor: Person) -> None:
        await visitor.hand_over(visitor="", state="s")
        page = await visitor.choose("opt_out")
        assert text_of(page, "sale_share-state") == OUT_HERE
        assert "once you go back there by the link" in text_of(page, "reach")
        assert CANT_SEE not in words(page)

    async def test_is_unknown_again_after_a_day(self, service: Running, visitor: Person) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=token)
        service.clock.now += 86_401
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == UNKNOWN
        assert CANT_SEE in words(page)

    async def test_is_unknown_on_another_sites_page(self, service: Running, visitor: Person) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=token)
        page = await visitor.look("/s/states/privacy-choices")
        assert text_of(page, "sale_share-state") == UNKNOWN

    async def test_is_known_by_the_sites_cookie_where_that_is_sent_here(
        self, service: Running, visitor: Person
    ) -> None:
        token = (await service.choose(sale_share="opt_out")).json()["visitor"]
        page = await visitor.look(cookie=f"__Host-pc_acme=1.dda.choice.0.{START}.300.{token}")
        assert text_of(page, "sale_share-state") == STOPPED
        assert CANT_SEE not in words(page)


class TestARecordOfThePagesOwnBesideTheSites:
    async def test_that_is_lost_puts_no_answer_of_the_site_in_doubt(
        self, service: Running, visitor: Person
    ) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=token)
        visit = dict(visitor.client.cookies)["__Host-pc_visit_acme"]
        page = await visitor.look(cookie=f"__Host-pc_own_acme=lost; __Host-pc_visit_acme={visit}")
        assert (await service.flag(visitor=token))["sale"] == "allowed"
        assert text_of(page, "sale_share-state") == ALLOWED
        assert "What you chose on this page earlier can't be recognized" in words(page)

    async def test_may_not_count_on_the_site_yet_and_does_by_the_link_back(
        self, service: Running, visitor: Person
    ) -> None:
        await visitor.choose("opt_out")
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=token, state="s")
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == STOPPED
        assert "on Acme Shop they may not all count yet" in words(page)
        assert (await service.flag(visitor=token))["sale"] == "allowed", "until then"
        back = result_in(await visitor.back())
        told = (await service.signal(result=back, state="s", visitor=token)).json()
        assert told["flag"]["sale"] == "denied"
        assert (await service.flag(visitor=token))["basis"] == "choice", "for good"


async def test_a_choice_of_the_pages_own_that_cannot_be_read_says_nothing_of_the_site(tmp_path: Path) -> None:
    async with running(tmp_path, cache=False) as service, person(service) as visitor:
        await visitor.choose("opt_out")
        await service.app.parts.store.close()
        page = await visitor.look()
        assert page.status_code == 503
        assert "What you chose on this page can't be read right now" in words(page)
        assert text_of(page, "sale_share-state") == UNKNOWN
        assert "treated as opted out" not in words(page)
