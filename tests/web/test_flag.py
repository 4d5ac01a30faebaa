"""`GET /v1/{site}/flag`: the answer partners' tags wait for."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.identity.key_ring import KeyRing, SigningKey, rotate_ring
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from tests.support.application import RING, SHOP, Running, running
from tests.support.clock import START

DAY = 86_400


async def test_a_call_that_presents_nothing_gets_the_regimes_default(service: Running) -> None:
    assert await service.flag() == {
        "site": "acme",
        "sale": "allowed",
        "share": "allowed",
        "sensitive": "allowed",
        "basis": "default",
        "gpc": False,
        "gpp": "DBABBg~BVqqqoCA.QA",
        "gpp_sid": [8],
        "us_privacy": "1YNN",
        "as_of": "2026-11-22T10:00:00Z",
        "max_age": 300,
    }
    assert (await service.flag("abroad"))["sale"] == "denied"


async def test_every_answer_carries_the_strings_that_say_the_same(service: Running) -> None:
    live = (await service.client.get("/v1/acme/flag", headers={"Sec-GPC": "1"})).json()
    assert (live["gpp"], live["gpp_sid"], live["us_privacy"]) == ("DBABBg~BVWqqoCA.YA", [8], "1YYN")
    abroad = await service.flag("abroad")
    assert (abroad["gpp"], abroad["gpp_sid"], abroad["us_privacy"]) == ("DBAA", [-1], "1---")
    page_view = (await service.signal(gpc=True)).json()
    assert page_view["flag"]["gpp"] == "DBABBg~BVWqqoCA.YA"
    assert (await service.flag(visitor=page_view["visitor"]))["gpp"] == "DBABBg~BVWqqoCA.YA", "on record"
    minor = (await service.choose(age=14, sale_share="opt_out")).json()
    assert minor["flag"]["gpp"] == "DBABBg~BVVVVVSA.QA"
    assert (await service.flag(visitor=minor["visitor"]))["gpp"] == "DBABBg~BVVVVVSA.QA"


@pytest.mark.parametrize(
    ("mspa", "string"),
    [
        ('approach = "national"', "DBABLA~CVQqAAAAAABY.QA"),
        ('mode = "service_provider"', "DBACBmA~BUoAAABk.QA~BVoAAGQ.QA"),
    ],
)
async def test_a_signatorys_flag_says_how_the_agreement_covers_it(
    tmp_path: Path, mspa: str, string: str
) -> None:
    async with running(tmp_path, more=f"[sites.states.mspa]\n{mspa}") as service:
        assert (await service.flag("states"))["gpp"] == string


async def test_rule_1_the_header_alone_denies_sale_and_share(service: Running) -> None:
    response = await service.client.get("/v1/acme/flag", headers=[("Sec-GPC", "0"), ("Sec-GPC", "1")])
    flag = response.json()
    assert (flag["sale"], flag["share"], flag["sensitive"], flag["basis"]) == (
        "denied",
        "denied",
        "allowed",
        "gpc",
    )
    assert "Sec-GPC" in response.headers["vary"]


@pytest.mark.parametrize("value", ["0", "true", "1;q=1", "01", ""])
async def test_any_other_value_of_the_header_says_nothing(service: Running, value: str) -> None:
    response = await service.client.get("/v1/acme/flag", headers={"Sec-GPC": value})
    assert response.json()["basis"] == "default"


async def test_an_opted_out_visitor_is_denied_by_token_and_by_cookie(service: Running) -> None:
    token = (await service.choose(sale_share="opt_out", method="banner")).json()["visitor"]
    assert (await service.flag(visitor=token))["basis"] == "choice"
    cookie = {"cookie": f"other=1; pc_acme=1.dda.choice.0.{START}.300.{token}; more=2"}
    response = await service.client.get("/v1/acme/flag", headers=cookie)
    assert response.json()["basis"] == "choice"


async def test_a_cookie_without_a_token_presents_nobody(service: Running) -> None:
    response = await service.client.get("/v1/acme/flag", headers={"cookie": "pc_acme=1.aaa.default.0.1.300."})
    assert response.json()["basis"] == "default"


async def test_token_and_cookie_of_different_visitors_get_the_stricter_answers(service: Running) -> None:
    out = (await service.choose(sale="opt_out")).json()["visitor"]
    limited = (await service.choose(sensitive="limit")).json()["visitor"]
    headers = {"cookie": f"pc_acme=1.aad.choice.0.{START}.300.{limited}"}
    response = await service.client.get("/v1/acme/flag", params={"visitor": out}, headers=headers)
    flag = response.json()
    assert (flag["sale"], flag["share"], flag["sensitive"]) == ("denied", "allowed", "denied")


REJECTED = {
    "sale": "denied",
    "share": "denied",
    "sensitive": "denied",
    "basis": "unavailable",
    "gpp": "DBABBg~BVVVVUCA.QA",
    "gpp_sid": [8],
    "us_privacy": "1YYN",
    "max_age": 0,
}


def assert_unhonoured(flag: dict[str, object]) -> None:
    assert {name: flag[name] for name in REJECTED} == REJECTED


@pytest.mark.parametrize(
    "token", ["x", "1.", "..", "1.abc.def", "a" * 5000, "%00", "1.é.x", "null", "undefined", " "]
)
async def test_rule_2_what_is_no_token_is_denied(service: Running, token: str) -> None:
    assert_unhonoured(await service.flag(visitor=token))


@pytest.mark.parametrize("cookie", ["pc_acme=rubbish", "pc_acme=", "pc_acme=2.aaa.default.0.1.300.x"])
async def test_rule_2_a_cookie_of_ours_that_cannot_be_read_is_denied(service: Running, cookie: str) -> None:
    response = await service.client.get("/v1/acme/flag", headers={"cookie": cookie})
    assert_unhonoured(response.json())


async def test_rule_2_a_token_with_any_single_character_changed_is_denied(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    assert (await service.flag(visitor=token))["basis"] == "opted_in"
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        assert_unhonoured(await service.flag(visitor=token[:place] + other + token[place + 1 :]))
        assert_unhonoured(await service.flag(visitor=token[:place] or "x"))


async def test_rule_2_a_token_of_another_site_is_denied(service: Running) -> None:
    token = (await service.choose("abroad", sale_share="opt_out")).json()["visitor"]
    assert (await service.flag("abroad", visitor=token))["basis"] == "choice"
    assert_unhonoured(await service.flag("acme", visitor=token))


async def test_rule_2_a_call_with_two_tokens_is_in_doubt(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    response = await service.client.get(f"/v1/acme/flag?visitor={token}&visitor={token}")
    assert_unhonoured(response.json())


@pytest.mark.parametrize("query", ["?%76isitor={}", "?a=1;visitor={}", "?a=1&visitor={}"])
async def test_a_token_is_read_however_the_query_spells_it(service: Running, query: str) -> None:
    token = (await service.choose(sale_share="opt_out")).json()["visitor"]
    response = await service.client.get("/v1/acme/flag" + query.format(token))
    assert response.json()["basis"] == "choice"


async def test_rule_2_a_token_without_a_record_or_newer_than_it_is_denied(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    tokens = VisitorTokens(RING)
    claims = tokens.unsign("acme", token, START)
    assert_unhonoured(
        await service.flag(visitor=tokens.sign("acme", VisitorClaims(bytes(16), 1, None, START)))
    )
    newer = tokens.sign("acme", claims._replace(version=claims.version + 1))
    assert_unhonoured(await service.flag(visitor=newer))
    older = tokens.sign("acme", claims._replace(version=claims.version - 1))
    assert (await service.flag(visitor=older))["basis"] == "opted_in"


async def test_rule_2_a_linked_consumer_whose_record_is_missing_is_in_doubt(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    claims = VisitorTokens(RING).unsign("acme", token, START)
    linked = VisitorTokens(RING).sign("acme", claims._replace(consumer=bytes(16)))
    assert_unhonoured(await service.flag(visitor=linked))


async def test_rule_2_expired_and_future_tokens_are_denied(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    claims = VisitorTokens(RING).unsign("acme", token, START)
    future = VisitorTokens(RING).sign("acme", claims._replace(issued_at=START + 3600))
    assert_unhonoured(await service.flag(visitor=future))
    service.clock.now = START + 401 * DAY
    assert_unhonoured(await service.flag(visitor=token))


async def test_rule_2_a_clock_behind_the_record_is_denied(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    service.clock.now = START - 5
    assert_unhonoured(await service.flag(visitor=token))


async def test_a_retired_key_verifies_for_400_days_and_then_denies(tmp_path: Path) -> None:
    rotated = rotate_ring(RING, START - 10, b"n" * 32)
    old = VisitorTokens(RING)
    async with running(tmp_path, ring=rotated) as service:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        claims = VisitorTokens(rotated).unsign("acme", token, START)
        assert (await service.flag(visitor=old.sign("acme", claims)))["basis"] == "opted_in"
        late = START + 400 * DAY
        service.clock.now = late
        assert_unhonoured(await service.flag(visitor=old.sign("acme", claims._replace(issued_at=late))))
        fresh = VisitorTokens(rotated).sign("acme", claims._replace(issued_at=late))
        assert (await service.flag(visitor=fresh))["basis"] == "opted_in"


async def test_a_key_that_the_ring_does_not_hold_denies(service: Running) -> None:
    foreign = KeyRing((SigningKey(9, b"f" * 32, START - DAY, None),), RING.hashing_key)
    token = VisitorTokens(foreign).sign("acme", VisitorClaims(bytes(16), 1, None, START))
    assert_unhonoured(await service.flag(visitor=token))


async def test_asking_for_the_flag_creates_no_visitor(service: Running) -> None:
    await service.flag()
    await service.client.get("/v1/acme/flag", headers={"Sec-GPC": "1"})
    assert await service.entries() == []


async def test_a_recognised_visitors_signal_is_recorded_from_the_flag_call_itself(service: Running) -> None:
    token = (await service.choose(sale_share="opt_in")).json()["visitor"]
    for _ in range(5):
        response = await service.client.get(
            "/v1/acme/flag", params={"visitor": token}, headers={"Sec-GPC": "1"}
        )
        assert response.json()["basis"] == "gpc"
    await service.app.parts.consent.settled()
    assert (await service.flag(visitor=token))["basis"] == "gpc", "the absence of the signal is no opt-in"
    assert [entry.__class__.__name__ for entry in await service.entries()] == ["ChoiceEntry", "SignalEntry"]
    await service.check_fold(token)


async def test_an_unchanged_flag_is_304_and_as_of_does_not_count(service: Running) -> None:
    first = await service.client.get("/v1/acme/flag")
    service.clock.now += 5
    again = await service.client.get("/v1/acme/flag", headers={"if-none-match": first.headers["etag"]})
    assert first.headers["etag"].startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")
    with_signal = {"if-none-match": first.headers["etag"], "Sec-GPC": "1"}
    assert (await service.client.get("/v1/acme/flag", headers=with_signal)).status_code == 200


async def test_no_cache_between_may_store_a_flag(service: Running) -> None:
    kept = await service.client.get("/v1/acme/flag")
    assert kept.headers["cache-control"] == "private, no-cache"
    doubtful = await service.client.get("/v1/acme/flag", params={"visitor": "x"})
    assert doubtful.headers["cache-control"] == "no-store"
    assert "etag" not in doubtful.headers


async def test_rule_12_only_pages_of_the_sites_origins_may_read_the_flag(service: Running) -> None:
    allowed = await service.client.get("/v1/acme/flag", headers={"origin": SHOP})
    assert allowed.headers["access-control-allow-origin"] == SHOP
    for origin in ("https://evil.example", "null", SHOP + ".evil.example", "http://shop.example"):
        refused = await service.client.get("/v1/acme/flag", headers={"origin": origin})
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:consent-service:problem:origin-not-allowed"
        assert "access-control-allow-origin" not in refused.headers


async def test_an_unknown_site_is_a_problem(service: Running) -> None:
    response = await service.client.get("/v1/nobody/flag")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:consent-service:problem:unknown-site"


async def test_with_the_store_gone_the_flag_is_denied_and_never_an_error(tmp_path: Path) -> None:
    async with running(tmp_path, cache=False) as service:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        assert (await service.flag(visitor=token))["basis"] == "opted_in"
        await service.app.parts.store.close()
        assert_unhonoured(await service.flag(visitor=token))
        assert (await service.flag())["basis"] == "default"
        refused = await service.choose(sale_share="opt_out", visitor=token)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "2"
