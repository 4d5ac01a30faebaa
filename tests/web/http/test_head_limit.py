"""Parts of a request's head that are read: all of an identity or doubt, and the signal at any length."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consent_service.web.http.request_headers import MOST_COOKIES, MOST_HEAD, MOST_QUERY
from tests.support.application import SHOP, Running, running
from tests.support.clock import START
from tests.web.raw_calls import HUGE, Headers, call, cookie, filled

DOUBT = ("denied", "denied", "denied", "unavailable", 0)
DEFAULT = ("allowed", "allowed", "allowed", "default", 300)


async def known(service: Running, **asked: str) -> str:
    """The token of a visitor who has a record and is allowed."""
    answer = await service.choose(**(asked or {"sale_share": "opt_in"}))
    assert answer.status_code == 201
    return str(answer.json()["visitor"])


# --- an identity is read whole, or it is in doubt (design rule 2) --------------------------------


async def test_as_many_cookies_as_a_browser_can_have_are_all_read(service: Running) -> None:
    allowed = await known(service)
    denied = await known(service, sale_share="opt_out")
    cookies = [cookie(allowed)] * (MOST_COOKIES - 1)
    read = await call(service, "GET /v1/acme/flag", [("cookie", "; ".join([*cookies, cookie(allowed)]))])
    assert read.flag[0] == "allowed"
    stricter = await call(service, "GET /v1/acme/flag", [("cookie", "; ".join([*cookies, cookie(denied)]))])
    assert stricter.flag[0] == "denied"


@pytest.mark.parametrize("as_one", [True, False])
async def test_rule_2_more_cookies_than_are_read_are_in_doubt(service: Running, as_one: bool) -> None:
    cookies = [cookie(await known(service))] * (MOST_COOKIES + 1)
    headers = [("cookie", "; ".join(cookies))] if as_one else [("cookie", text) for text in cookies]
    assert (await call(service, "GET /v1/acme/flag", headers)).flag == DOUBT
    viewed = await call(service, "POST /v1/acme/signals", [("origin", SHOP), *headers], body=b"{}")
    assert viewed.json()["flag"]["basis"] == "unavailable"


async def test_rule_2_a_cookie_somewhere_in_a_header_too_long_to_be_read_is_in_doubt(
    service: Running,
) -> None:
    ours = cookie(await known(service))
    padding = filled("a=b; ", HUGE)
    for text in (f"{ours}; {padding}", f"{padding}{ours}", f"{padding}{ours}; {padding}"):
        assert (await call(service, "GET /v1/acme/flag", [("cookie", text)])).flag == DOUBT
    assert (await call(service, "GET /v1/acme/flag", [("cookie", padding)])).flag == DEFAULT


@pytest.mark.parametrize(
    "query", ["visitor=%41&{}", "{}&visitor=a", "visitor=&{}", "{}%76isitor=a", "visitor={}"]
)
async def test_rule_2_a_query_too_long_to_be_read_is_in_doubt(service: Running, query: str) -> None:
    long = query.replace("{}", filled("x&", MOST_QUERY))
    assert (await call(service, "GET /v1/acme/flag", query=long)).flag == DOUBT


async def test_rule_2_on_the_choices_page_too_a_cookie_that_can_t_be_read_is_doubt(service: Running) -> None:
    headers = [("host", "privacy.example"), ("cookie", "; ".join(["__Host-pc_own_acme=x"] * 50))]
    page = await call(service, "GET /s/acme/privacy-choices", headers)
    assert page.status == 200
    assert b"What you chose on this page earlier can&#39;t be recognized" in page.body
    assert b"Not known on this page" in page.body
    assert b"Allowed" not in page.body


# --- the signal is seen at any length (design rule 1) --------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        [("sec-gpc", f"{filled('0, ', HUGE)}1")],
        [("sec-gpc", f"1,{filled(',', HUGE)}")],
        [("sec-gpc", f"0,{filled(' ', HUGE)}1{filled(' ', HUGE)}")],
        [*[("sec-gpc", "0")] * 20_000, ("sec-gpc", "1")],
        [("cookie", filled("a=b; ", HUGE)), ("sec-gpc", "1")],
        [("cookie", filled("pc_acme=x; ", HUGE)), ("sec-gpc", "1")],
    ],
    ids=["last of many", "first of many", "between spaces", "last header", "many cookies", "many of ours"],
)
async def test_rule_1_no_length_hides_the_signal(service: Running, headers: Headers) -> None:
    answer = await call(service, "GET /v1/acme/flag", headers)
    assert answer.flag[:2] == ("denied", "denied")
    assert answer.json()["gpc"] is True


# --- a head has one bound ------------------------------------------------------------------------

ENDPOINTS = [
    "POST /v1/acme/choices",
    "POST /v1/acme/signals",
    "OPTIONS /v1/acme/signals",
    "GET /v1/acme/receipts/x",
    "GET /s/acme/confirm/x",
    "POST /s/acme/confirm/x",
    "GET /s/acme/privacy-choices",
    "POST /s/acme/privacy-choices",
    "POST /s/acme/privacy-choices/open",
    "GET /s/acme/privacy-choices/back",
    "GET /w/acme.js",
    "GET /healthz",
    "GET /nowhere",
]
WHOLE = b'{"sale_share": "opt_out"}'


@pytest.mark.parametrize("what", ENDPOINTS)
async def test_a_head_that_is_too_large_is_refused_in_words_and_does_nothing(
    service: Running, what: str
) -> None:
    headers = [("host", "privacy.example"), ("origin", SHOP)]
    for sent, query in (
        ([*headers, ("cookie", "x" * MOST_HEAD)], ""),
        (headers, "x" * MOST_HEAD),
        ([*headers, *[("x-forwarded-for", "10.0.0.1")] * 2000], ""),
    ):
        refused = await call(service, what, sent, query, WHOLE)
        assert refused.status == 431
        assert refused.json()["type"] == "urn:consent-service:problem:head-too-large"
        assert str(MOST_HEAD) in refused.json()["detail"]
    assert await service.entries() == []
    service.app.parts.lines.flush()
    assert [json.loads(line)["status"] for line in b"".join(service.log).splitlines()] == [431] * 3


async def test_a_head_just_within_the_bound_is_read(service: Running) -> None:
    headers = [("origin", SHOP)]
    size = len("/v1/acme/choices") + len("origin") + len(SHOP) + len("cookie")
    fitting = [*headers, ("cookie", "x" * (MOST_HEAD - size))]
    assert (await call(service, "POST /v1/acme/choices", fitting, body=WHOLE)).status == 201
    beyond = [*headers, ("cookie", "x" * (MOST_HEAD - size + 1))]
    assert (await call(service, "POST /v1/acme/choices", beyond, body=WHOLE)).status == 431


async def test_a_form_with_more_fields_than_any_of_ours_is_a_problem(service: Running) -> None:
    headers = [
        ("host", "privacy.example"),
        ("origin", SHOP),
        ("content-type", "application/x-www-form-urlencoded"),
    ]
    for unit in ("a&", "a=b&", "visitor=x&"):
        refused = await call(
            service, "POST /s/acme/privacy-choices/open", headers, body=filled(unit, 16_000).encode()
        )
        assert (refused.status, refused.json()["type"]) == (400, "urn:consent-service:problem:invalid-body")


async def test_a_cookie_whose_numbers_have_any_number_of_digits_stops_no_opt_out(tmp_path: Path) -> None:
    async with running(tmp_path, on_site=f'first_party = "{SHOP}/privacy"') as service:
        text = f"pc_acme=1.aaa.default.0.{START}.{'9' * 5000}.x"
        headers = [("host", "shop.example"), ("origin", SHOP), ("cookie", text)]
        answer = await call(service, "POST /v1/acme/choices", headers, body=WHOLE)
        assert answer.status == 201
