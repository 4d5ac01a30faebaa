"""Bodies and calls of every wrong kind: a clear problem, no 5xx, nothing recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consent_service.ledger.entries import ChoiceEntry
from tests.support.application import SERVICE, SHOP, Running

JSON_BODIES: list[Any] = [
    [],
    "opt_out",
    7,
    None,
    {},
    {"sale_share": "yes"},
    {"sale_share": 1},
    {"sale": ["opt_out"]},
    {"sensitive": "opt_out"},
    {"age": -1},
    {"age": 151},
    {"age": 14.5},
    {"age": "old"},
    {"incentive": "club"},
    {"incentive": {"id": "club"}},
    {"incentive": {"id": "nowhere", "do": "join"}},
    {"sale_share": "opt_out", "id": "not-a-uuid"},
    {"sale_share": "opt_out", "visitor": 5},
    {"sale_share": "opt_out", "visitor": "x" * 2000},
    {"sale_share": "opt_out", "made_at": "yesterday"},
    {"sale_share": "opt_out", "lang": "x" * 100},
    {"method": "banner"},
]


@pytest.mark.parametrize("body", JSON_BODIES, ids=lambda body: json.dumps(body)[:60])
async def test_a_wrong_choice_is_a_problem_that_says_what_is_wrong(service: Running, body: Any) -> None:
    response = await service.client.post("/v1/acme/choices", json=body, headers={"origin": SHOP})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:consent-service:problem:invalid-body"
    assert response.json()["detail"]
    assert await service.entries() == []


RAW_BODIES = [
    b"",
    b"{",
    b"\xff\xfe",
    b'{"sale_share": "opt_out"',
    b"sale_share=opt_out",
    b'{"visitor": "\xff"}',
    b"[" * 10_000,
    b'{"a":' * 2000 + b"1" + b"}" * 2000,
    b"\x00" * 100,
    b'{"sale_share":"opt_out","sale_share":',
]


@pytest.mark.parametrize("call", ["choices", "signals"])
@pytest.mark.parametrize("body", RAW_BODIES, ids=lambda body: repr(body[:24]))
@pytest.mark.parametrize("media_type", ["application/json", "text/plain"])
async def test_bytes_that_are_no_json_object_are_a_problem(
    service: Running, call: str, body: bytes, media_type: str
) -> None:
    headers = {"origin": SHOP, "content-type": media_type}
    response = await service.client.post(f"/v1/acme/{call}", content=body, headers=headers)
    assert response.status_code == 400
    assert await service.entries() == []


TWICE = [
    ("signals", b'{"gpc": true, "gpc": false}'),
    ("signals", b'{"gpc": true, "x": "\\"", "gpc" : null}'),
    ("signals", b'{"gpc": true, "\\u0067pc": false}'),
    ("signals", b'{"prior": {"cookie": "a", "id": "b", "id": "c"}}'),
    ("choices", b'{"sale_share": "opt_out", "sale_share": "opt_in"}'),
    ("choices", b'{"sale": "opt_out", "s\\u0061le": "opt_in"}'),
    ("choices", b'{"age": "under_13", "age": "18_plus"}'),
    ("choices", b'{"sale": "opt_out", "incentive": {"do": "leave", "id": "club", "do": "join"}}'),
]


@pytest.mark.parametrize(("call", "body"), TWICE, ids=lambda given: str(given)[:60])
async def test_rule_1_a_member_that_stands_twice_is_refused_by_its_name(
    service: Running, call: str, body: bytes
) -> None:
    response = await service.client.post(f"/v1/acme/{call}", content=body, headers={"origin": SHOP})
    assert response.status_code == 400
    assert response.json()["type"] == "urn:consent-service:problem:invalid-body"
    assert "occurs twice" in response.json()["detail"]
    assert await service.entries() == []


async def test_a_word_that_stands_twice_elsewhere_than_as_a_member_is_no_fault(service: Running) -> None:
    body = b'{"sale_share": "opt_out", "notice": "\\"sale_share\\"", "x": ["sale_share", {"sale_share": 1}]}'
    response = await service.client.post("/v1/acme/choices", content=body, headers={"origin": SHOP})
    assert response.status_code == 201


async def test_a_body_over_16_kb_is_refused_however_it_comes(service: Running) -> None:
    headers = {"origin": SHOP, "content-type": "application/json"}
    body = json.dumps({"sale_share": "opt_out", "pad": "x" * 17_000}).encode()
    whole = await service.client.post("/v1/acme/choices", content=body, headers=headers)

    async def pieces() -> Any:
        for at in range(0, len(body), 1000):
            yield body[at : at + 1000]

    chunked = await service.client.post("/v1/acme/choices", content=pieces(), headers=headers)
    assert whole.status_code == chunked.status_code == 413
    assert whole.json()["type"] == "urn:consent-service:problem:body-too-large"
    assert await service.entries() == []


@pytest.mark.parametrize(
    "media_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/html"]
)
async def test_other_media_types_are_refused(service: Running, media_type: str) -> None:
    headers = {"origin": SHOP, "content-type": media_type}
    response = await service.client.post("/v1/acme/choices", content=b"{}", headers=headers)
    assert response.status_code == 415
    assert response.headers["content-type"] == "application/problem+json"


async def test_unknown_members_and_methods_are_no_reason_to_refuse_an_opt_out(service: Running) -> None:
    response = await service.choose(sale_share="opt_out", method="hologram", future={"x": [1]})
    assert response.status_code == 201
    (entry,) = await service.entries()
    assert getattr(entry, "method", None) == "other"


async def test_a_caller_s_words_bring_no_control_characters_into_the_ledger_and_claim_no_import(
    service: Running,
) -> None:
    words = {"notice": "n\0\r1", "lang": "e\u001bn", "method": "import"}
    assert (await service.choose(sale_share="opt_out", **words)).status_code == 201
    (entry,) = await service.entries()
    assert isinstance(entry, ChoiceEntry)
    assert (entry.notice, entry.lang, entry.method) == ("n1", "en", "other")


async def test_json_as_text_plain_is_read(service: Running) -> None:
    headers = {"origin": SHOP, "content-type": "text/plain;charset=UTF-8"}
    response = await service.client.post(
        "/v1/acme/choices", content=b'{"sale_share": "opt_out"}', headers=headers
    )
    assert response.status_code == 201


@pytest.mark.parametrize("call", ["choices", "signals"])
@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", SHOP + "/", SHOP.upper(), ""])
async def test_rule_12_a_write_from_anywhere_else_is_refused(
    service: Running, call: str, origin: str | None
) -> None:
    headers = {} if origin is None else {"origin": origin}
    body = {"sale_share": "opt_out", "gpc": True}
    response = await service.client.post(f"/v1/acme/{call}", json=body, headers=headers)
    assert response.status_code == 403
    assert response.json()["type"] == "urn:consent-service:problem:origin-not-allowed"
    assert await service.entries() == []


async def test_a_preflight_writes_nothing_whoever_sends_it(service: Running) -> None:
    for origin in (SERVICE, SHOP, "https://evil.example"):
        body = b'{"sale_share": "opt_out"}'
        await service.client.request("OPTIONS", "/v1/acme/choices", content=body, headers={"origin": origin})
    assert await service.entries() == []


@pytest.mark.parametrize(
    "nobodys",
    [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "f" * 32,
    ],
)
async def test_the_nil_and_the_max_uuid_are_refused_as_ids(service: Running, nobodys: str) -> None:
    for answer in (
        await service.choose(sale_share="opt_out", id=nobodys),
        await service.signal(gpc=True, id=nobodys),
    ):
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:consent-service:problem:invalid-body"
        assert "send a new random UUID" in answer.json()["detail"]
    assert await service.entries() == []


async def test_a_trailing_slash_is_not_redirected(service: Running) -> None:
    response = await service.client.get("/v1/acme/flag/?visitor=x", headers={"host": "evil.example"})
    assert response.status_code == 404
    assert "location" not in response.headers


async def test_a_call_with_two_origins_is_refused_as_one_without(service: Running) -> None:
    headers = [("origin", SHOP), ("origin", "https://evil.example")]
    response = await service.client.post("/v1/acme/choices", json={"sale": "opt_out"}, headers=headers)
    assert response.status_code == 403


async def test_a_preflight_is_answered_for_the_sites_origins_alone(service: Running) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    allowed = await service.client.options("/v1/acme/choices", headers={"origin": SHOP, **asked})
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == SHOP
    refused = await service.client.options(
        "/v1/acme/choices", headers={"origin": "https://evil.example", **asked}
    )
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/acme", 404),
        ("GET", "/v1/acme/choices", 405),
        ("DELETE", "/v1/acme/flag", 405),
        ("POST", "/v1/nobody/choices", 404),
        ("GET", "/s/nobody/gpc.json", 404),
        ("GET", "/s/nobody/confirm/x", 404),
        ("GET", "/v1/../v1/acme/flag/x", 404),
    ],
)
async def test_a_wrong_address_or_method_is_a_problem(
    service: Running, method: str, path: str, status: int
) -> None:
    response = await service.client.request(method, path, headers={"origin": SHOP})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
