"""In first-party mode the visitor's calls carry the site's cookie; in any other case they never do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from consent_service.web.visitor.site_cookie import CookieRecord, parse, text_of
from tests.support.application import SERVICE, SHOP, Running, running
from tests.support.clock import START

PATH = f'first_party = "{SHOP}/privacy"'
SITES_HOST = SHOP.partition("//")[2]
DAYS_400 = 400 * 86_400


@pytest.fixture
async def on_a_path(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, on_site=PATH) as service:
        yield service


async def call(service: Running, what: str = "signals", **given: str) -> httpx2.Response:
    """One call of the site's page through the site's own path; `cookie`, `host`, `origin` as given."""
    body = {"sale_share": "opt_out"} if what == "choices" else {"gpc": given.pop("gpc", "") == "true"}
    sent = {"origin": SHOP, "host": SITES_HOST} | {name: value for name, value in given.items() if value}
    answer = await service.client.post(f"/v1/acme/{what}", json=body, headers=sent)
    service.client.cookies.clear()
    return answer


def cookie(answer: httpx2.Response) -> CookieRecord:
    """The record in the answer's one cookie."""
    [header] = answer.headers.get_list("set-cookie")
    name, _, text = header.partition(";")[0].partition("=")
    kept = parse(text)
    assert name == "__Host-pc_acme"
    assert kept is not None
    return kept


async def test_an_opt_out_is_kept_for_400_days_and_says_what_the_answer_says(on_a_path: Running) -> None:
    answer = await call(on_a_path, "choices")
    [header] = answer.headers.get_list("set-cookie")
    token = answer.json()["visitor"]
    assert header == (
        f"__Host-pc_acme=1.dda.choice.0.{START}.300.{token}; Path=/; SameSite=Lax; Max-Age={DAYS_400}; Secure"
    )


async def test_a_page_view_renews_it_and_records_the_signal_in_it(on_a_path: Running) -> None:
    assert cookie(await call(on_a_path)) == CookieRecord("aaa", "default", False, START, 300, "")
    signalled = await call(on_a_path, gpc="true")
    assert cookie(signalled) == CookieRecord("dda", "gpc", True, START, 300, signalled.json()["visitor"])


async def test_a_choice_that_was_made_in_the_browser_outranks_a_page_view(on_a_path: Running) -> None:
    made_here = CookieRecord("dda", "choice", False, START, 0, "")
    sent = {"cookie": f"other=1; __Host-pc_acme={text_of(made_here)}"}
    assert "set-cookie" not in (await call(on_a_path, **sent)).headers
    assert cookie(await call(on_a_path, "choices", **sent)).max_age == 300


async def test_a_doubtful_answer_sets_no_cookie(on_a_path: Running) -> None:
    forged = CookieRecord("aaa", "opted_in", False, START, 300, "1.forged")
    answer = await call(on_a_path, cookie=f"__Host-pc_acme={text_of(forged)}")
    assert answer.json()["flag"]["basis"] == "unavailable"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("what", ["signals", "choices"])
async def test_callers_from_elsewhere_get_no_cookie(on_a_path: Running, what: str) -> None:
    for given in ({"origin": SERVICE}, {"host": SERVICE.partition("//")[2]}, {"host": f"evil.{SITES_HOST}"}):
        answer = await call(on_a_path, what, **given)
        assert answer.is_success
        assert "set-cookie" not in answer.headers, given
    refused = await call(on_a_path, what, origin="https://evil.example")
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers


async def test_an_answer_with_the_flag_alone_sets_no_cookie(on_a_path: Running) -> None:
    answer = await on_a_path.client.get("/v1/acme/flag", headers={"origin": SHOP, "host": SITES_HOST})
    assert "set-cookie" not in answer.headers


async def test_a_proxy_that_names_the_site_beside_its_own_host_is_understood(on_a_path: Running) -> None:
    sent = {"host": "127.0.0.1:8000", "x-forwarded-host": SITES_HOST}
    assert cookie(await call(on_a_path, **sent)).letters == "aaa"


async def test_without_first_party_mode_no_answer_sets_a_cookie(service: Running) -> None:
    for what in ("signals", "choices"):
        assert "set-cookie" not in (await call(service, what)).headers


async def test_a_service_on_the_sites_domain_sets_the_cookie_for_the_domain(tmp_path: Path) -> None:
    shop, host = "https://shop.acme.example", "privacy.acme.example"
    own_domain = 'cookie_domain = "acme.example"'
    async with running(tmp_path, shop=shop, public_url=f"https://{host}", on_site=own_domain) as service:
        answer = await call(service, "choices", origin=shop, host=host)
        assert "; Domain=acme.example; Secure" in answer.headers["set-cookie"]
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["access-control-allow-origin"] == shop


async def test_first_party_mode_of_one_site_sets_no_cookie_for_another_site_of_its_origin(
    on_a_path: Running,
) -> None:
    answer = await on_a_path.client.post(
        "/v1/abroad/signals", json={"gpc": None}, headers={"origin": SHOP, "host": SITES_HOST}
    )
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
