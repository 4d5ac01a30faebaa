"""Pages are served under the service's own name alone: what a site's path leads to belongs to the site's scripts."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from consent_service.web.http.guards import is_page
from tests.support.application import SERVICE, SHOP, Running

OWN = SERVICE.partition("//")[2]
SITES_OWN = SHOP.partition("//")[2]
STRANGE = [
    {"host": SITES_OWN},
    {"host": "127.0.0.1:8000"},
    {"host": f"{OWN}:8443"},
    {"host": f"{OWN}.{SITES_OWN}"},
    {"host": OWN, "x-forwarded-host": SITES_OWN},
    {"host": SITES_OWN, "x-forwarded-host": OWN},
    {"host": OWN, "x-forwarded-host": f"{OWN}, {SITES_OWN}"},
]


async def asked_to_confirm(service: Running) -> str:
    """The address of a confirm page that works."""
    made = (await service.choose(sale_share="opt_out")).json()
    asked = await service.choose(sale_share="opt_in", visitor=made["visitor"])
    assert asked.status_code == 202
    return str(asked.json()["confirm_url"])


@pytest.mark.parametrize("headers", STRANGE, ids=str)
async def test_a_confirm_page_asked_for_under_another_host_is_refused(
    service: Running, headers: dict[str, str]
) -> None:
    url = await asked_to_confirm(service)
    page = await service.client.get(url, headers=headers)
    assert page.status_code == 421
    assert page.json()["type"].endswith(":misdirected")
    assert "form_token" not in page.text


@pytest.mark.parametrize("headers", STRANGE, ids=str)
async def test_pressing_a_confirm_page_under_another_host_is_refused_even_with_its_form_token(
    service: Running, headers: dict[str, str]
) -> None:
    url = await asked_to_confirm(service)
    token = (await service.client.get(url)).text.partition('name="form_token" value="')[2].partition('"')[0]
    for origin in (SERVICE, SHOP):
        sent = {"origin": origin, "sec-fetch-site": "same-origin", **headers}
        pressed = await service.client.post(url, data={"form_token": token}, headers=sent)
        assert pressed.status_code == 421
    assert (await service.confirm(url)).status_code == 200, "the page itself was in order all the time"


@pytest.mark.parametrize(
    "headers",
    [{"host": OWN}, {"host": OWN.upper()}, {"host": f"{OWN}:443"}, {"host": OWN, "x-forwarded-host": OWN}],
    ids=str,
)
async def test_a_confirm_page_is_served_under_the_services_own_host(
    service: Running, headers: dict[str, str]
) -> None:
    url = await asked_to_confirm(service)
    assert (await service.client.get(url, headers=headers)).status_code == 200


async def test_calls_without_a_button_are_served_under_any_host(service: Running) -> None:
    for path in ("/s/acme/gpc.json", "/w/acme.js", "/v1/acme/flag", "/readyz"):
        assert (await service.client.get(path, headers={"host": SITES_OWN})).status_code == 200, path


def test_every_page_under_the_pages_path_is_guarded(service: Running) -> None:
    paths = {route.path for route in service.app.routes if isinstance(route, Route)}
    guarded = {path for path in paths if is_page(path)}
    assert guarded == {path for path in paths if path.startswith("/s/")} - {"/s/{site}/gpc.json"}
    assert "/s/{site}/confirm/{nonce}" in guarded
    for path in (
        "/s/",
        "/s/acme",
        "/s/acme/",
        "/s/acme/confirm/gpc.json",
        "/s//gpc.json/",
        "/s/a/b/gpc.json",
    ):
        assert is_page(path), path
