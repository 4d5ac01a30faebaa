"""The site's cookie under its two names: what a sibling subdomain can set too makes answers stricter, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from consent_service.web.http.request_headers import cookie_texts, presented
from consent_service.web.visitor.site_cookie import parse
from tests.support.application import PRESSED, SHOP, Running, running
from tests.support.clock import START

HOST, PLAIN = "__Host-pc_states", "pc_states"


async def opted_in(service: Running, site: str = "states") -> str:
    """The token of somebody who allowed everything, in two steps where the default denies."""
    asked = {"sale_share": "opt_in", "sensitive": "lift"}
    answer = (await service.choose(site, **asked)).json()
    if "confirm_url" in answer:
        assert (await service.confirm(answer["confirm_url"])).status_code == 200
    token: str = answer["visitor"]
    return token


async def opted_out(service: Running, site: str = "states") -> str:
    """The token of somebody who denied sale and sharing."""
    token: str = (await service.choose(site, sale_share="opt_out")).json()["visitor"]
    return token


def cookie(name: str, token: str, letters: str = "aaa", marks: int = 0) -> str:
    """One cookie; what its text says is nothing to the service, but for the token."""
    return f"{name}=1.{letters}.opted_in.{marks}.{START}.300.{token}"


async def asked(service: Running, *cookies: str, site: str = "states", **headers: str) -> dict[str, str]:
    """The flag for a browser that brings these cookies."""
    sent = {"origin": SHOP, "cookie": "; ".join(cookies)} | headers
    flag: dict[str, str] = (await service.client.get(f"/v1/{site}/flag", headers=sent)).json()
    return flag


async def test_the_hosts_own_cookie_speaks_for_its_visitor(service: Running) -> None:
    allowed = await opted_in(service)
    for _ in range(2):  # the second time from memory
        flag = await asked(service, cookie(HOST, allowed))
        assert (flag["sale"], flag["basis"]) == ("allowed", "opted_in")


async def test_a_cookie_that_any_subdomain_can_set_allows_nothing_that_the_default_denies(
    service: Running,
) -> None:
    allowed = await opted_in(service, "abroad")
    for _ in range(2):
        flag = await asked(service, cookie("pc_abroad", allowed), site="abroad")
        assert (flag["sale"], flag["share"], flag["basis"]) == ("denied", "denied", "default")
    assert (await asked(service, cookie("__Host-pc_abroad", allowed), site="abroad"))["sale"] == "allowed"


async def test_a_visitor_who_is_known_by_such_a_cookie_alone_stays_denied(service: Running) -> None:
    denied = await opted_out(service)
    for _ in range(2):
        flag = await asked(service, cookie(PLAIN, denied))
        assert (flag["sale"], flag["share"], flag["basis"]) == ("denied", "denied", "choice")


async def test_the_stricter_of_both_answers_whatever_their_order(service: Running) -> None:
    allowed, denied = await opted_in(service), await opted_out(service)
    for host, plain in ((allowed, denied), (denied, allowed)):
        both = [cookie(HOST, host), cookie(PLAIN, plain)]
        for cookies in (both, both[::-1], [*both, cookie(PLAIN, allowed)]):
            assert (await asked(service, *cookies))["sale"] == "denied"


async def test_a_choice_is_recorded_for_the_hosts_own_visitor_or_for_a_new_one(service: Running) -> None:
    own, forged = await opted_out(service), await opted_in(service)

    async def limited(*cookies: str) -> str:
        sent = {"origin": SHOP, "cookie": "; ".join(cookies)}
        answer = await service.client.post("/v1/states/choices", json={"sensitive": "limit"}, headers=sent)
        token: str = answer.json()["visitor"]
        assert answer.json()["flag"]["sensitive"] == "denied"
        return token

    both = await limited(cookie(PLAIN, forged), cookie(HOST, own))
    assert (await service.flag("states", visitor=both))["sale"] == "denied"
    alone = await limited(cookie(PLAIN, forged))
    assert (await service.flag("states", visitor=forged))["sensitive"] == "allowed"
    flag = await service.flag("states", visitor=alone)
    assert (flag["sale"], flag["sensitive"], flag["basis"]) == ("allowed", "denied", "choice")


async def test_a_page_view_with_such_a_cookie_names_nobody(service: Running) -> None:
    allowed = await opted_in(service, "abroad")
    sent = {"origin": SHOP, "cookie": cookie("pc_abroad", allowed)}
    answer = (await service.client.post("/v1/abroad/signals", json={}, headers=sent)).json()
    assert answer["visitor"] is None
    assert answer["flag"]["sale"] == "denied"


async def test_the_page_itself_may_present_what_it_knows_to_be_its_hosts_own(service: Running) -> None:
    denied = await opted_out(service)
    sent = {"origin": SHOP, "cookie": cookie(PLAIN, denied)}
    answer = (await service.client.post("/v1/states/signals", json={"visitor": denied}, headers=sent)).json()
    assert answer["flag"]["basis"] == "choice"
    assert answer["visitor"] is not None


@pytest.fixture
async def http_too(tmp_path: Path) -> AsyncIterator[Running]:
    """A site whose pages are on plain http as well, for development."""
    async with running(tmp_path, more=HTTP_TOO) as service:
        yield service


HTTP_TOO = """
[sites.mixed]
name = "Mixed"
origins = ["https://shop.example", "http://shop.localhost:8001"]
regime = "elsewhere"
[sites.shared]
name = "Shared"
origins = ["https://shop.example"]
cookie_domain = "shop.example"
regime = "elsewhere"
"""


async def test_on_plain_http_there_is_the_plain_name_alone(http_too: Running) -> None:
    allowed = await opted_in(http_too, "mixed")
    brought = cookie("pc_mixed", allowed)
    http = {"origin": "http://shop.localhost:8001"}
    assert (await asked(http_too, brought, site="mixed", **http))["sale"] == "allowed"
    assert (await asked(http_too, brought, site="mixed"))["sale"] == "denied"


async def test_a_shared_domain_is_trusted_under_either_name(http_too: Running) -> None:
    allowed = await opted_in(http_too, "shared")
    for name in ("pc_shared", "__Host-pc_shared"):
        assert (await asked(http_too, cookie(name, allowed), site="shared"))["sale"] == "allowed"


async def test_first_party_answers_take_no_consumer_from_such_a_cookie(tmp_path: Path) -> None:
    async with running(tmp_path, on_site=f'first_party = "{SHOP}/privacy"') as service:
        sent = {"origin": SHOP, "host": SHOP.partition("//")[2]}

        async def identified(*cookies: str) -> bool:
            answer = await service.client.post(
                "/v1/acme/signals", json={}, headers=sent | {"cookie": "; ".join(cookies)}
            )
            service.client.cookies.clear()
            name, _, text = answer.headers["set-cookie"].partition(";")[0].partition("=")
            assert name == "__Host-pc_acme"
            kept = parse(text)
            assert kept is not None
            return kept.identified

        made_there = f"pc_acme=1.dda.choice.0.{START}.0."
        assert not await identified(made_there), (
            "a choice that only a sibling speaks of keeps nothing from renewal"
        )
        marked = [f"{name}=1.aaa.default.2.{START}.300." for name in ("pc_acme", "__Host-pc_acme")]
        assert not await identified(marked[0])
        assert await identified(marked[1])


@pytest.mark.parametrize(("act", "after"), [("limit", "denied"), ("lift", "allowed")])
async def test_on_the_choices_page_such_a_cookie_is_told_what_restricts_and_names_nobody(
    service: Running, act: str, after: str
) -> None:
    forged = await opted_in(service)
    page = await service.client.get("/s/states/privacy-choices", headers={"cookie": cookie(PLAIN, forged)})
    form = page.text.partition('name="form_token" value="')[2].partition('"')[0]
    sent = {**PRESSED, "cookie": cookie(PLAIN, forged)}
    before = {entry.id for entry in await service.entries("states")}
    answer = await service.client.post(
        "/s/states/privacy-choices", data={"form_token": form, "do": act}, headers=sent
    )
    assert answer.status_code < 400
    assert (await service.flag("states", visitor=forged))["sensitive"] == after
    subjects = {entry.subject for entry in await service.entries("states") if entry.id not in before}
    assert len(subjects) == (2 if act == "limit" else 1), "the visitor's own record is another one"


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ("", []),
        ("a=pc_acme=1; pc_acme2=2; xpc_acme=3; __host-pc_acme=4; x__Host-pc_acme=5", []),
        ("pc_acme=1;__Host-pc_acme=2 ; pc_acme=3", [(b"", "1"), (b"__Host-", "2"), (b"", "3")]),
        ("__Host-pc_acme=pc_acme=1", [(b"__Host-", "pc_acme=1")]),
        ("\x0b__Host-pc_acme=1; \x0c__Host-pc_acme=2;\r__Host-pc_acme=3; \n__Host-pc_acme=4", []),
        ("a=1; \t__Host-pc_acme=2", [(b"__Host-", "2")]),
    ],
)
def test_cookies_are_ours_by_their_whole_name(header: str, texts: list[tuple[bytes, str]]) -> None:
    assert cookie_texts(header.encode(), "acme") == texts


def test_the_explicit_token_comes_first_and_none_comes_twice() -> None:
    brought = b"pc_acme=1.aaa.x.0.1.1.p; __Host-pc_acme=1.aaa.x.0.1.1.h; pc_acme=1.aaa.x.0.1.1.e; pc_acme=?"
    assert presented("e", brought, "acme", host_only=True) == (["e", "h"], ["p", ""])
    assert presented(None, brought, "acme", host_only=True) == (["h"], ["p", "e", ""])
    assert presented("e", brought, "acme", host_only=False) == (["e", "h", "p", ""], [])


async def test_a_forged_cookie_opens_no_other_visitors_answer(service: Running) -> None:
    """Whoever opted out stays so, however often and in whatever order another visitor's token comes along."""
    denied, allowed = await opted_out(service), await opted_in(service)
    answer: httpx2.Response = await service.client.post(
        "/v1/states/signals",
        json={"visitor": denied},
        headers={"origin": SHOP, "cookie": f"{cookie(PLAIN, allowed)}; {cookie(PLAIN, allowed)}"},
    )
    assert answer.json()["flag"]["sale"] == "denied"
