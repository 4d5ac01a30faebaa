"""The second step: `GET` and `POST /s/{site}/confirm/{nonce}`, with the page's script and without it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from tests.support.application import PRESSED, READING, SERVICE, SHOP, Running, running, scripted_token
from tests.web.browsing import form_token

DEAD = "Nothing was changed"
STEPS = ("scripted", "ask", "again")


class Asked(NamedTuple):
    """An opted-out visitor's token, and the address on which they may confirm the opposite."""

    token: str
    url: str


async def asked(service: Running) -> Asked:
    token = (await service.choose(sale_share="opt_out")).json()["visitor"]
    return Asked(token, (await service.choose(sale_share="opt_in", visitor=token)).json()["confirm_url"])


async def tokens(service: Running, url: str) -> dict[str, str]:
    """The token of each form, all old enough."""
    page = await service.client.get(url)
    service.clock.now += READING
    again = await send(service, url, form_token(page), answer="yes")
    service.clock.now += READING
    return {"scripted": scripted_token(page), "ask": form_token(page), "again": form_token(again)}


async def send(
    service: Running, url: str, token: str, headers: dict[str, str] | None = None, **fields: str
) -> httpx2.Response:
    data = {"form_token": token, **fields}
    return await service.client.post(url, data=data, headers=PRESSED if headers is None else headers)


async def check_still_out(service: Running, visitor: str) -> None:
    assert (await service.flag(visitor=visitor))["basis"] == "choice"


def check_isolated(answer: httpx2.Response) -> None:
    """Nobody may frame it, and no opener reaches its window."""
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


class TestThePage:
    async def test_every_answer_is_framed_by_nobody_and_has_no_opener(self, service: Running) -> None:
        visitor, url = await asked(service)
        found = await tokens(service, url)
        answers = [
            await service.client.get(url),
            await service.client.get(url, headers={"sec-purpose": "prefetch"}),
            await send(service, url, "x"),
            await send(service, url, found["again"], headers={"origin": SERVICE}),
            await send(service, url, found["ask"], answer="no"),
            await send(service, url, found["ask"], answer="yes"),
            await service.client.post(url, content=b"x", headers={**PRESSED, "content-type": "text/plain"}),
            await service.client.get(f"{SERVICE}/s/acme/confirm/x"),
            await service.client.get(f"{SERVICE}/s/nobody/confirm/x"),
            await send(service, url, found["again"]),
        ]
        assert [answer.status_code for answer in answers] == [
            *(200, 403, 403, 403, 200, 200, 415, 410, 404, 200)
        ]
        for answer in answers:
            check_isolated(answer)
        assert (await service.flag(visitor=visitor))["basis"] == "opted_in"

    async def test_holds_nothing_that_a_fragment_could_focus(self, service: Running) -> None:
        _, url = await asked(service)
        page = await service.client.get(url)
        service.clock.now += READING
        again = await send(service, url, form_token(page), answer="yes")
        assert "<button" in again.text
        for text in (page.text, again.text):
            assert not re.search(r"<[^>]*\sid\s*=", text)
            assert not re.search(r"<a[^>]*\sname\s*=", text)
            assert not re.search(r"\s(autofocus|accesskey|tabindex|contenteditable)\b", text)

    async def test_as_served_its_scripts_form_is_disabled_hidden_and_without_a_token(
        self, service: Running
    ) -> None:
        _, url = await asked(service)
        page = (await service.client.get(url)).text
        [form] = re.findall(r'<form[^>]*class="scripted".*?</form>', page, re.DOTALL)
        assert " hidden" in form.partition(">")[0]
        assert re.findall(r"<button[^>]*>", form) == ['<button type="submit" autocomplete="off" disabled>']
        assert "<input" not in form

    async def test_without_its_script_it_asks_yes_or_no_and_suggests_neither(self, service: Running) -> None:
        _, url = await asked(service)
        page = (await service.client.get(url)).text
        [without] = re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)
        assert re.findall(r'type="radio" name="answer" value="(\w+)"', without) == ["yes", "no"]
        assert "checked" not in without
        assert page.count("<form") == 2

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Sec-Purpose", "prefetch"),
            ("Sec-Purpose", "prefetch;prerender"),
            ("Sec-Purpose", "prefetch;anonymous-client-ip"),
            ("Purpose", "prefetch"),
            ("X-Purpose", "preview"),
            ("X-Moz", "prefetch"),
        ],
    )
    async def test_is_not_fetched_before_somebody_looks(
        self, service: Running, name: str, value: str
    ) -> None:
        _, url = await asked(service)
        refused = await service.client.get(url, headers={name: value})
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:consent-service:problem:fetched-ahead"
        assert "form" not in refused.text

    @pytest.mark.parametrize("nonce", ["x", "1.a.b", "a" * 5000])
    async def test_a_forged_nonce_shows_nothing(self, service: Running, nonce: str) -> None:
        page = await service.client.get(f"/s/acme/confirm/{nonce}")
        assert page.status_code == 410
        assert "<form" not in page.text

    async def test_a_nonce_of_another_site_shows_nothing(self, service: Running) -> None:
        _, url = await asked(service)
        assert (await service.client.get(url.replace("/s/acme/", "/s/abroad/"))).status_code == 410

    async def test_a_visitor_token_is_no_nonce(self, service: Running) -> None:
        visitor, _ = await asked(service)
        assert (await service.client.get(f"/s/acme/confirm/{visitor}")).status_code == 410

    async def test_leads_back_to_the_site_whose_script_then_asks_again(self, service: Running) -> None:
        _, url = await asked(service)
        assert f'href="{SHOP}"' in (await service.client.get(url)).text
        assert f'href="{SHOP}/#privacy-choices=confirmed"' in (await service.confirm(url)).text
        body = {"gpc": None, "result": "confirmed", "state": ""}
        told = await service.client.post("/v1/acme/signals", json=body, headers={"origin": SHOP})
        assert told.status_code == 200


class TestTheNonce:
    async def test_is_bound_to_the_standing_it_saw(self, service: Running) -> None:
        visitor, url = await asked(service)
        await service.choose(sensitive="limit", visitor=visitor)
        assert (await service.client.get(url)).status_code == 410
        assert (await service.confirm(url)).status_code == 403
        await check_still_out(service, visitor)

    @pytest.mark.parametrize("step", STEPS)
    async def test_dies_when_the_standing_changes_under_the_open_page(
        self, service: Running, step: str
    ) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))[step]
        await service.choose(sale_share="opt_out", visitor=visitor)
        late = await send(service, url, token, answer="yes")
        assert late.status_code == 410
        assert DEAD in late.text
        await check_still_out(service, visitor)

    async def test_lives_ten_minutes(self, service: Running) -> None:
        visitor, url = await asked(service)
        service.clock.now += 601
        assert (await service.client.get(url)).status_code == 410
        await check_still_out(service, visitor)

    async def test_pressed_twice_is_recorded_once(self, service: Running) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))["scripted"]
        presses = (send(service, url, token) for _ in range(2))
        assert [press.status_code for press in await asyncio.gather(*presses)] == [200, 200]
        assert len(await service.entries()) == 3
        await service.check_fold(visitor)

    async def test_confirmed_long_ago_it_does_not_opt_in_again(self, service: Running) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))["scripted"]
        await send(service, url, token)
        await service.choose(sale_share="opt_out", visitor=visitor)
        assert "You are opted out" in (await send(service, url, token)).text
        await check_still_out(service, visitor)

    async def test_that_was_overtaken_says_nothing_of_other_rights(self, service: Running) -> None:
        visitor = (await service.choose(sensitive="limit")).json()["visitor"]
        asked_for = (await service.choose(sensitive="lift", visitor=visitor)).json()
        url = asked_for["confirm_url"]
        token = (await tokens(service, url))["scripted"]
        await send(service, url, token)
        await service.choose(sensitive="limit", visitor=visitor)
        page = (await send(service, url, token)).text
        assert "This is not allowed" in page
        assert "Nothing is sold" not in page, "sale and sharing are allowed by default"


class TestTheSteps:
    @pytest.mark.parametrize("step", ["scripted", "again"])
    async def test_the_last_form_of_either_way_confirms(self, service: Running, step: str) -> None:
        visitor, url = await asked(service)
        done = await send(service, url, (await tokens(service, url))[step])
        assert "Your choice is recorded" in done.text
        assert (await service.flag(visitor=visitor))["basis"] == "opted_in"

    async def test_a_yes_leads_to_a_page_that_asks_again_and_records_nothing(self, service: Running) -> None:
        visitor, url = await asked(service)
        page = await service.client.get(url)
        service.clock.now += READING
        again = await send(service, url, form_token(page), answer="yes")
        assert again.status_code == 200
        assert "Please confirm once more" in again.text
        assert again.text.count("<button") == 1
        await check_still_out(service, visitor)

    async def test_a_no_changes_nothing_and_says_so(self, service: Running) -> None:
        visitor, url = await asked(service)
        kept = await send(service, url, (await tokens(service, url))["ask"], answer="no")
        assert kept.status_code == 200
        assert DEAD in kept.text
        assert "<form" not in kept.text
        await check_still_out(service, visitor)

    @pytest.mark.parametrize("answer", ["", "YES", "on", "yes ", "true"])
    async def test_without_an_answer_the_page_asks_again(self, service: Running, answer: str) -> None:
        visitor, url = await asked(service)
        same = await send(service, url, (await tokens(service, url))["ask"], answer=answer)
        assert "Please choose Yes or No." in same.text
        assert 'type="radio"' in same.text
        await check_still_out(service, visitor)

    async def test_the_first_forms_token_can_never_leave_out_the_second_page(self, service: Running) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))["ask"]
        for _ in range(3):
            await send(service, url, token, answer="yes", step="again", confirmed="yes")
        await send(service, url, token.replace("ask", "again"))
        await send(service, url, token.replace("ask", "scripted"))
        await check_still_out(service, visitor)

    @pytest.mark.parametrize("step", STEPS)
    async def test_a_form_that_comes_within_three_seconds_counts_for_nothing_and_is_shown_anew(
        self, service: Running, step: str
    ) -> None:
        visitor, url = await asked(service)
        page = await service.client.get(url)
        if step == "again":
            service.clock.now += READING
            page = await send(service, url, form_token(page), answer="yes")
        service.clock.now += READING - 0.001
        token = scripted_token(page) if step == "scripted" else form_token(page)
        hurried = await send(service, url, token, answer="yes")
        assert "That was too quick to count." in hurried.text
        assert ("Please confirm once more" in hurried.text) == (step == "again")
        await check_still_out(service, visitor)

    async def test_hammering_never_confirms_however_long_it_goes_on(self, service: Running) -> None:
        visitor, url = await asked(service)
        page = await service.client.get(url)
        for _ in range(20):
            service.clock.now += READING - 0.5
            page = await send(service, url, form_token(page), answer="yes")
        assert (await service.client.get(url)).status_code == 200
        await check_still_out(service, visitor)

    @pytest.mark.parametrize("step", STEPS)
    async def test_a_form_older_than_ten_minutes_counts_for_nothing(
        self, service: Running, step: str
    ) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))[step]
        service.clock.now += 601
        late = await send(service, url, token, answer="yes")
        assert late.status_code == 410
        await check_still_out(service, visitor)

    async def test_a_token_of_another_confirmation_counts_for_nothing(self, service: Running) -> None:
        _, other = await asked(service)
        found = await tokens(service, other)
        visitor, url = await asked(service)
        for token in found.values():
            assert (await send(service, url, token, answer="yes")).status_code == 403
        await check_still_out(service, visitor)

    async def test_without_the_pages_form_token_it_is_refused(self, service: Running) -> None:
        visitor, url = await asked(service)
        for data in ({}, {"form_token": ""}, {"form_token": "x"}):
            refused = await service.client.post(url, data=data, headers=PRESSED)
            assert refused.status_code == 403
        await check_still_out(service, visitor)

    async def test_rule_1_over_a_signal_each_way_affirms(self, service: Running) -> None:
        for step in ("scripted", "again"):
            visitor = (await service.signal(gpc=True)).json()["visitor"]
            url = (await service.choose(sale_share="opt_in", visitor=visitor)).json()["confirm_url"]
            found = await tokens(service, url)
            assert (await service.flag(visitor=visitor))["basis"] == "gpc"
            await send(service, url, found[step])
            assert (await service.flag(visitor=visitor))["basis"] == "affirmed"


FOREIGN = [
    {"origin": SHOP},
    {"origin": "null"},
    {"origin": "https://evil.example"},
    {"origin": ""},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-mode": "cors"},
    {"sec-fetch-mode": "no-cors"},
    {"sec-fetch-dest": "iframe"},
    {"sec-fetch-dest": "frame"},
    {"sec-fetch-dest": "embed"},
    {"sec-fetch-dest": "object"},
    {"sec-fetch-dest": "empty"},
    {"sec-fetch-dest": "document, iframe"},
]


class TestRule12OnlyOurOwnPageDoesIt:
    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("said", FOREIGN, ids=str)
    async def test_what_another_page_sends_is_refused(
        self, service: Running, said: dict[str, str], step: str
    ) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))[step]
        refused = await send(service, url, token, {**PRESSED, **said}, answer="yes")
        assert refused.status_code == 403
        await check_still_out(service, visitor)

    @pytest.mark.parametrize("missing", PRESSED)
    async def test_a_press_of_which_the_browser_does_not_say_all_is_refused(
        self, service: Running, missing: str
    ) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))["scripted"]
        said = {name: value for name, value in PRESSED.items() if name != missing}
        assert (await send(service, url, token, said)).status_code == 403
        await check_still_out(service, visitor)

    async def test_a_browser_that_says_nothing_is_told_why_and_the_opt_out_stays(
        self, service: Running
    ) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))["scripted"]
        refused = await send(service, url, token, {"origin": SERVICE})
        assert refused.status_code == 403
        assert refused.headers["content-type"].startswith("text/html")
        assert "What you stopped stays stopped." in refused.text
        assert "Please use an up-to-date browser" in refused.text
        await check_still_out(service, visitor)

    async def test_a_header_that_comes_with_two_values_counts_as_missing(self, service: Running) -> None:
        visitor, url = await asked(service)
        token = (await tokens(service, url))["scripted"]
        said = [*PRESSED.items(), ("sec-fetch-dest", "document")]
        refused = await service.client.post(url, data={"form_token": token}, headers=said)
        assert refused.status_code == 403
        await check_still_out(service, visitor)


LOOPBACK = "http://privacy.localhost:8000"


class TestOnThisMachine:
    """Development: over plain HTTP some browsers send no such headers, and nobody is between."""

    async def press(self, folder: Path, said: dict[str, str]) -> int:
        async with running(folder, public_url=LOOPBACK) as service:
            _, url = await asked(service)
            token = scripted_token(await service.client.get(url))
            service.clock.now += READING
            return (await send(service, url, token, {"origin": LOOPBACK, **said})).status_code

    async def test_a_browser_that_says_nothing_may_pass(self, tmp_path: Path) -> None:
        assert await self.press(tmp_path, {}) == 200

    @pytest.mark.parametrize(
        "said",
        [
            {"sec-fetch-dest": "document"},
            {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"},
            {**PRESSED, "origin": LOOPBACK, "sec-fetch-dest": "iframe"},
            {"origin": SHOP},
        ],
        ids=str,
    )
    async def test_one_that_says_something_must_say_all(self, tmp_path: Path, said: dict[str, str]) -> None:
        assert await self.press(tmp_path, said) == 403
