"""Rule 3 under the strictest regime of the site: where a call says that it comes from opens no way around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.application import SHOP, Running, running

PEER = "127.0.0.1"  # of the tests' transport
CALIFORNIA, COLORADO, ABROAD, NOWHERE = "US-CA", "US-CO", "DE-BE", ""
PLACES = (CALIFORNIA, COLORADO, ABROAD, NOWHERE)
SITES = """
[geo]
proxy = "cloudflare"

[sites.west]
name = "Acme West"
origins = ["https://shop.example"]
regime = "us-ca"
regimes = ["us-co"]
sensitive = true
"""


class Placed:
    """One site's visitor, who calls from anywhere."""

    def __init__(self, service: Running, site: str) -> None:
        self.service = service
        self.site = site
        self.token: str | None = None

    async def choose(self, place: str, **body: Any) -> httpx2.Response:
        """POST a choice from there; the visitor's token is kept."""
        said = {"visitor": self.token, **body} if self.token else body
        answer = await self.service.client.post(
            f"/v1/{self.site}/choices", json=said, headers={"origin": SHOP, **headers_of(place)}
        )
        if answer.status_code in (201, 202):
            self.token = answer.json()["visitor"]
        return answer

    async def flag(self, place: str) -> tuple[str, str]:
        """Sale and basis for this visitor there."""
        url = f"/v1/{self.site}/flag?visitor={self.token}"
        flag = (await self.service.client.get(url, headers=headers_of(place))).json()
        return flag["sale"], flag["basis"]


def headers_of(place: str) -> dict[str, str]:
    country, _, region = place.partition("-")
    return {"cf-ipcountry": country, "cf-region-code": region} if place else {}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, proxies=[PEER], more=SITES) as service:
        yield service


@pytest.fixture
def west(service: Running) -> Placed:
    return Placed(service, "west")


@pytest.fixture
def states(service: Running) -> Placed:
    return Placed(service, "states")


@pytest.mark.parametrize("said_in", [CALIFORNIA, COLORADO, NOWHERE])
@pytest.mark.parametrize("raised_in", [CALIFORNIA, COLORADO, NOWHERE])
async def test_rule_3_no_place_lets_one_post_raise_the_age_of_a_minor_of_any_regime_of_the_site(
    west: Placed, said_in: str, raised_in: str
) -> None:
    assert (await west.choose(said_in, age="16_17")).status_code == 201
    assert await west.flag(COLORADO) == ("denied", "minor")
    raised = await west.choose(raised_in, age="18_plus")
    assert raised.status_code == 202
    assert await west.flag(COLORADO) == ("denied", "minor")
    assert (await west.service.confirm(raised.json()["confirm_url"])).status_code == 200
    assert await west.flag(COLORADO) == ("allowed", "default")


@pytest.mark.parametrize("place", [CALIFORNIA, COLORADO, NOWHERE])
async def test_rule_3_a_minor_under_one_regime_of_the_site_opts_in_with_two_steps_everywhere(
    west: Placed, place: str
) -> None:
    asked = await west.choose(place, age="16_17", sale_share="opt_in")
    assert asked.status_code == 202
    assert await west.flag(COLORADO) == ("denied", "minor")
    await west.service.confirm(asked.json()["confirm_url"])
    for there in (CALIFORNIA, COLORADO):
        assert await west.flag(there) == ("allowed", "opted_in")


async def test_rule_3_an_age_raised_together_with_an_opt_in_waits_with_it(west: Placed) -> None:
    await west.choose(CALIFORNIA, age="16_17")
    asked = await west.choose(CALIFORNIA, age=30, sale_share="opt_in", sensitive="lift")
    assert asked.status_code == 202
    assert await west.flag(COLORADO) == ("denied", "minor")
    page = await west.service.client.get(asked.json()["confirm_url"])
    for words in ("sell your personal", "share your personal", "sensitive personal", "of the age you gave"):
        assert words in page.text


@pytest.mark.parametrize("place", PLACES)
async def test_rule_10_where_one_regime_wants_a_parent_no_place_lets_the_child_opt_in(
    states: Placed, place: str
) -> None:
    """Outside the US a parent consents below 16, in California below 13."""
    await states.choose(place, age="13_15")
    for body in ({"sale_share": "opt_in"}, {"age": "16_17"}, {"age": "18_plus", "sensitive": "lift"}):
        refused = await states.choose(place, **body)
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:consent-service:problem:parental-consent-required"
    for there in PLACES:
        assert (await states.flag(there))[0] == "denied"
    assert (await states.choose(place, sale_share="opt_out", sensitive="limit")).status_code == 201


@pytest.mark.parametrize("place", [CALIFORNIA, NOWHERE])
async def test_what_is_kept_where_it_is_allowed_opts_in_nowhere_else(states: Placed, place: str) -> None:
    kept = await states.choose(place, age="18_plus", sale_share="opt_in", sensitive="lift")
    assert kept.status_code == 201
    assert await states.flag(place) == ("allowed", "opted_in")
    assert await states.flag(ABROAD) == ("denied", "default")


@pytest.mark.parametrize("place", PLACES)
async def test_rule_4_an_opt_out_and_a_limit_are_one_step_everywhere_whatever_age(
    states: Placed, place: str
) -> None:
    for age in ("18_plus", "16_17", "13_15", "under_13"):
        out = await states.choose(place, age=age, sale_share="opt_out", sensitive="limit")
        assert out.status_code == 201, age


async def test_rule_2_whoever_presents_a_forged_token_never_gets_the_record_that_the_same_id_made_before(
    service: Running,
) -> None:
    request = "3f0d5b8e-6f6b-4a53-9d3f-2f8f0f2c9a11"
    first = (await service.signal(gpc=True, id=request)).json()
    for _ in range(2):
        answer = (await service.choose(id=request, age="18_plus", visitor="forged")).json()
        assert service.visitor_id(answer["visitor"]) != service.visitor_id(first["visitor"])
        assert (answer["flag"]["sensitive"], answer["flag"]["basis"]) == ("denied", "unavailable")
        assert (await service.flag(visitor=answer["visitor"]))["sensitive"] == "denied"
    assert len(await service.entries()) == 3, "the signal; the doubt and the age, once"


@pytest.mark.parametrize("body", [{"sensitive": "lift"}, {"age": 30}], ids=["lift", "age"])
async def test_the_confirm_page_speaks_of_the_signal_only_where_it_would_be_over_it(
    service: Running, body: dict[str, Any]
) -> None:
    """The signal speaks of sale and sharing: what confirms neither leaves it in force."""
    limited = (await service.choose(age=14, sensitive="limit")).json()["visitor"]
    token = (await service.signal(gpc=True, visitor=limited)).json()["visitor"]
    asked = (await service.choose(visitor=token, **body)).json()
    page = await service.client.get(asked["confirm_url"])
    assert page.status_code == 200
    assert "Global Privacy Control" not in page.text
    await service.confirm(asked["confirm_url"])
    assert (await service.flag(visitor=asked["visitor"]))["basis"] == "gpc"
