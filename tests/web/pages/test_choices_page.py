"""`/s/{site}/privacy-choices`: what it shows and does, for whom, in which language."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from consent_service.ledger.entries import ChoiceEntry, SignalEntry
from tests.support.application import SERVICE, SHOP, Running, running
from tests.web.browsing import PAGE, Person, person, text_of

GPC = {"sec-gpc": "1"}
ALLOWED, STOPPED = "Allowed", "Stopped: you are opted out"
UNKNOWN, UNCHOSEN = "Not known on this page", "No choice on record"
OUT_HERE, IN_HERE = "Opted out on this page", "Allowed on this page"


@pytest.fixture
async def visitor(service: Running) -> AsyncIterator[Person]:
    async with person(service) as one:
        yield one


async def test_the_choices_page_describes_both_rights_and_offers_opting_out_and_in(visitor: Person) -> None:
    await visitor.hand_over(visitor="")
    page = await visitor.look()
    assert page.status_code == 200
    assert "right to opt out" in page.text
    assert "right to limit" in page.text
    assert [f'value="{do}"' in page.text for do in ("opt_out", "allow", "limit", "lift")] == [True] * 4
    assert text_of(page, "sale_share-state") == UNCHOSEN
    assert text_of(page, "did") == ""


async def test_a_site_without_sensitive_information_says_so_and_asks_nothing_of_it(visitor: Person) -> None:
    page = await visitor.look("/s/abroad/privacy-choices")
    assert "Acme Abroad does not use it for anything else" in page.text
    assert 'value="limit"' not in page.text
    assert text_of(page, "sale_share-state") == UNKNOWN


async def test_the_choices_page_is_cached_framed_and_scripted_by_nobody(visitor: Person) -> None:
    headers = (await visitor.look()).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert {"Cookie", "Sec-GPC", "Accept-Language"} <= set(headers["vary"].split(", "))


async def test_rule_4_opting_out_is_one_press_and_says_what_it_did(service: Running, visitor: Person) -> None:
    page = await visitor.choose("opt_out")
    assert text_of(page, "sale_share-state") == OUT_HERE
    (entry,) = await service.entries()
    assert isinstance(entry, ChoiceEntry)
    assert (entry.sale, entry.share, entry.method) == ("opt_out", "opt_out", "page")
    assert text_of(page, "receipt").partition(".")[0] == entry.id
    assert text_of(await visitor.look(), "sale_share-state") == OUT_HERE


async def test_limiting_is_one_press_and_leaves_the_rest_alone(visitor: Person) -> None:
    page = await visitor.choose("limit")
    assert text_of(page, "sensitive-state") == "Limited on this page"
    assert text_of(page, "sale_share-state") == UNKNOWN


@pytest.mark.parametrize(("out", "back_in"), [("opt_out", "allow"), ("limit", "lift")])
async def test_rule_3_allowing_again_leads_to_the_second_step(
    service: Running, visitor: Person, out: str, back_in: str
) -> None:
    await visitor.choose(out)
    confirm = await visitor.choose(back_in)
    assert confirm.url.path.startswith("/s/acme/confirm/")
    assert [entry.step for entry in await service.entries() if isinstance(entry, ChoiceEntry)] == [
        "only",
        "asked",
    ]
    done = await visitor.confirm(confirm)
    assert "Your choice is recorded" in done.text
    assert f'href="{SERVICE}{PAGE}?lang=en"' in done.text
    page = await visitor.look()
    subject, other = ("sale_share", "sensitive") if out == "opt_out" else ("sensitive", "sale_share")
    assert text_of(page, f"{subject}-state") == IN_HERE
    assert text_of(page, f"{other}-state") == UNKNOWN


async def test_keeping_what_is_allowed_is_one_press(service: Running, visitor: Person) -> None:
    await visitor.hand_over(visitor="")
    page = await visitor.choose("allow")
    assert text_of(page, "did").startswith("You allowed sale and sharing")
    (entry,) = await service.entries()
    assert isinstance(entry, ChoiceEntry)
    assert entry.sale == "opt_in"


async def test_what_was_done_is_no_longer_said_once_it_was_undone(service: Running, visitor: Person) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    await visitor.hand_over(visitor=token)
    assert text_of(await visitor.choose("opt_out"), "did").startswith("You are opted out")
    asked = await service.choose(sale_share="opt_in", visitor=token)
    await service.confirm(asked.json()["confirm_url"])
    page = await visitor.look()
    assert (text_of(page, "did"), text_of(page, "sale_share-state")) == ("", ALLOWED)


async def test_after_the_second_step_it_is_said_without_the_first_steps_receipt(visitor: Person) -> None:
    await visitor.choose("opt_out")
    confirm = await visitor.choose("allow")
    assert text_of(await visitor.look(), "did") == "", "nothing is allowed yet"
    await visitor.confirm(confirm)
    page = await visitor.look()
    assert text_of(page, "did").startswith("You allowed sale and sharing")
    assert text_of(page, "receipt") == ""


async def test_rule_1_a_signal_is_honoured_and_said_so(service: Running, visitor: Person) -> None:
    page = await visitor.look(**GPC)
    assert text_of(page, "honored") == "Opt-Out Request Honored"
    assert text_of(page, "sale_share-state") == STOPPED
    assert "Global Privacy Control" in page.text
    assert await service.entries() == [], "to look at the page makes no visitor"
    await visitor.choose("limit", **GPC)
    kinds = [type(entry) for entry in await service.entries()]
    assert kinds == [SignalEntry, ChoiceEntry]
    assert text_of(await visitor.look(), "honored") == "Opt-Out Request Honored", "also without the header"


async def test_a_signal_is_recorded_for_whoever_is_known(service: Running, visitor: Person) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    await visitor.hand_over(visitor=token)
    await visitor.look(**GPC)
    assert (await service.flag(visitor=token))["basis"] == "gpc"


async def test_rule_10_a_child_cannot_allow_here(service: Running, visitor: Person) -> None:
    token = (await service.choose(age=9)).json()["visitor"]
    await visitor.hand_over(visitor=token)
    page = await visitor.choose("allow")
    assert "only a parent or guardian" in text_of(page, "did")
    assert text_of(page, "receipt") == ""
    assert (await service.flag(visitor=token))["basis"] == "minor"


async def test_pressed_twice_it_is_recorded_once_for_one_visitor(service: Running, visitor: Person) -> None:
    page = await visitor.look()
    for _ in range(2):
        visitor.client.cookies.clear()  # the browser has not seen the first answer yet
        assert (await visitor.press("opt_out", page)).status_code in (200, 303)
    assert len(await service.entries()) == 1


async def test_a_form_pressed_again_after_its_undoing_counts_again(service: Running, visitor: Person) -> None:
    page = await visitor.look()
    await visitor.press("opt_out", page)
    await visitor.confirm(await visitor.choose("allow"))
    await visitor.press("opt_out", page)
    assert text_of(await visitor.look(), "sale_share-state") == OUT_HERE


class TestWhoeverKeepsNoCookies:
    @pytest.fixture
    async def forgetful(self, service: Running) -> AsyncIterator[Person]:
        async with person(service, cookies=False) as one:
            yield one

    async def test_can_opt_out_and_reads_that_it_is_done(self, service: Running, forgetful: Person) -> None:
        answer = await forgetful.press("opt_out")
        assert answer.status_code == 200
        assert text_of(answer, "sale_share-state") == OUT_HERE
        assert text_of(answer, "reach").startswith("Your browser keeps no cookies for this page")
        (entry,) = await service.entries()
        assert text_of(answer, "receipt").partition(".")[0] == entry.id

    async def test_goes_on_from_that_page_as_the_same_visitor(
        self, service: Running, forgetful: Person
    ) -> None:
        first = await forgetful.press("opt_out")
        second = await forgetful.press("limit", first)
        assert text_of(second, "sale_share-state") == OUT_HERE
        assert len({entry.subject for entry in await service.entries()}) == 1


class TestLanguages:
    @pytest.mark.parametrize(
        ("query", "accepted", "lang"),
        [
            ("", "", "en"),
            ("", "es-MX,es;q=0.9,en;q=0.8", "es"),
            ("", "de, es;q=0.2, en;q=0.1", "es"),
            ("", "es;q=0, en;q=0.1", "en"),
            ("", "es;q=x,;;,,q", "en"),
            ("?lang=es", "en", "es"),
            ("?lang=xx", "es", "es"),
            ("?lang=%3Cscript%3E", "", "en"),
        ],
    )
    async def test_the_choices_page_is_in_the_language_that_the_caller_asks_for(
        self, visitor: Person, query: str, accepted: str, lang: str
    ) -> None:
        page = await visitor.look(PAGE + query, **{"accept-language": accepted})
        assert f'<html lang="{lang}">' in page.text

    async def test_the_choices_page_is_in_the_language_of_the_page_that_the_visitor_came_from(
        self, visitor: Person
    ) -> None:
        await visitor.hand_over(visitor="", lang="es")
        page = await visitor.look(**{"accept-language": "en"})
        assert "Sus opciones de privacidad" in page.text

    async def test_the_second_step_is_in_the_language_of_the_choices_page(self, visitor: Person) -> None:
        path = f"{PAGE}?lang=es"
        await visitor.choose("opt_out", path=path)
        confirm = await visitor.choose("allow", path=path)
        assert "Confirme su elección" in confirm.text
        done = await visitor.confirm(confirm)
        assert "Su elección ha quedado registrada" in done.text

    async def test_a_dead_confirmation_is_in_the_browsers_language(self, visitor: Person) -> None:
        page = await visitor.look("/s/acme/confirm/x", **{"accept-language": "es"})
        assert (page.status_code, "ya no es válida" in page.text) == (410, True)


class TestTheCookiesOfThePage:
    async def test_are_for_this_host_alone_and_for_no_script(self, visitor: Person) -> None:
        answer = await visitor.press("opt_out")
        cookies = answer.headers.get_list("set-cookie")
        assert {cookie.partition("=")[0] for cookie in cookies} == {
            "__Host-pc_own_acme",
            "__Host-pc_visit_acme",
        }
        for cookie in cookies:
            parts = {part.strip().lower() for part in cookie.split(";")[1:]}
            assert {"path=/", "secure", "httponly", "samesite=lax"} <= parts
            assert not any(part.startswith("domain") for part in parts)

    async def test_say_nothing_of_somebody_who_only_looks(self, visitor: Person) -> None:
        await visitor.look()
        assert dict(visitor.client.cookies) == {"__Host-pc_visit_acme": "-"}

    async def test_hold_no_record_of_whom_the_site_handed_over(
        self, service: Running, visitor: Person
    ) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=token, back=f"{SHOP}/lamps")
        await visitor.choose("opt_out")
        assert set(dict(visitor.client.cookies)) == {"__Host-pc_visit_acme"}
        assert token not in str(dict(visitor.client.cookies))


async def test_rule_2_with_the_store_gone_it_says_so_and_denies(tmp_path: Path) -> None:
    async with running(tmp_path, cache=False) as service, person(service) as visitor:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=token)
        open_page = await visitor.look()
        await service.app.parts.store.close()
        pressed = await visitor.press("opt_out", open_page)
        assert pressed.status_code == 503
        assert int(pressed.headers["retry-after"]) >= 1
        assert "could not be recorded" in text_of(pressed, "failed")
        page = await visitor.look()
        assert (page.status_code, text_of(page, "sale_share-state")) == (503, STOPPED)
        assert 'value="opt_out"' in page.text
        assert await visitor.back() == f"{SHOP}/"
        assert service.app.parts.metrics.store_errors == {"StoreUnavailable": 4}, "each time that it is asked"
