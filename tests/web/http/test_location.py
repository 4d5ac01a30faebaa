"""The regime follows the place: by a trusted proxy's headers or a database, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import mmdb_writer
import pytest
from netaddr import IPSet

from consent_service.addresses import Address, read_address
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location
from consent_service.errors import CannotStart
from consent_service.services.geo import open_database
from consent_service.web.http.client import PROXIES, ClientAddresses, Locations
from tests.support.application import SERVICE, SHOP, Running, running

PEER = "127.0.0.1"  # of the tests' transport
DENIED_BY_DEFAULT = ("denied", "default", "1---")
ALLOWED_BY_DEFAULT = ("allowed", "default", "1YNN")


@pytest.fixture
async def behind_cloudflare(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, proxies=[PEER], more='[geo]\nproxy = "cloudflare"') as service:
        yield service


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three networks, written as a database of cities is."""
    file = tmp_path_factory.mktemp("geo") / "cities.mmdb"
    writer = mmdb_writer.MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Cities")
    for network, country, region in (
        ("192.0.2.0/24", "US", "CO"),
        ("198.51.100.0/24", "DE", "BE"),
        ("2001:db8:5::/48", "US", "CA"),
    ):
        found = {"country": {"iso_code": country}, "subdivisions": [{"iso_code": region}]}
        writer.insert_network(IPSet([network]), found)
    writer.insert_network(IPSet(["203.0.113.0/24"]), {"country": {"iso_code": "US"}})
    writer.to_db_file(str(file))
    return file


async def flag_from(service: Running, **said: str) -> tuple[object, object, object]:
    headers = {name.replace("_", "-"): value for name, value in said.items()}
    flag = (await service.client.get("/v1/states/flag", headers=headers)).json()
    return flag["sale"], flag["basis"], flag["us_privacy"]


async def test_the_flag_follows_the_place_that_a_trusted_proxy_says(behind_cloudflare: Running) -> None:
    say = behind_cloudflare
    assert await flag_from(say, cf_ipcountry="US", cf_region_code="CA") == ALLOWED_BY_DEFAULT
    assert await flag_from(say, cf_ipcountry="DE", cf_region_code="BE") == DENIED_BY_DEFAULT
    assert await flag_from(say) == ALLOWED_BY_DEFAULT
    for site, sensitive in (("acme", "allowed"), ("states", "denied")):
        headers = {"cf-ipcountry": "US", "cf-region-code": "CO"}
        flag = (await say.client.get(f"/v1/{site}/flag", headers=headers)).json()
        assert flag["sensitive"] == sensitive, "a site without that regime takes its own"


async def test_strings_speak_for_the_place_or_else_for_every_state_of_the_site(
    behind_cloudflare: Running, service: Running
) -> None:
    for country, region, sections in (("US", "CA", [8]), ("US", "CO", [10]), ("DE", "BE", [-1])):
        headers = {"cf-ipcountry": country, "cf-region-code": region}
        flag = (await behind_cloudflare.client.get("/v1/states/flag", headers=headers)).json()
        assert flag["gpp_sid"] == sections
    assert (await service.flag("states"))["gpp_sid"] == [8, 10]


async def test_a_known_visitor_is_answered_under_the_regime_of_the_place_of_the_call(
    behind_cloudflare: Running,
) -> None:
    answer = await behind_cloudflare.choose("states", sensitive="limit")
    token = answer.json()["visitor"]
    for _ in range(2):  # from the store, then from memory
        for country, expected in (("US", "allowed"), ("DE", "denied")):
            url = f"/v1/states/flag?visitor={token}"
            flag = (await behind_cloudflare.client.get(url, headers={"cf-ipcountry": country})).json()
            assert flag["sale"] == expected


async def test_writes_are_decided_under_the_regime_of_their_place(behind_cloudflare: Running) -> None:
    """Keeping what is allowed is recorded at once; where nothing is allowed it takes the second step."""
    for country, status in (("US", 201), ("DE", 202)):
        answer = await behind_cloudflare.client.post(
            "/v1/states/choices",
            json={"sale_share": "opt_in"},
            headers={"origin": SHOP, "cf-ipcountry": country},
        )
        assert answer.status_code == status, answer.text
    headers = {"origin": SHOP, "cf-ipcountry": "DE"}
    told = await behind_cloudflare.client.post("/v1/states/signals", json={}, headers=headers)
    assert told.json()["flag"]["sale"] == "denied"


async def test_whoever_connects_without_being_a_proxy_says_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, proxies=["10.0.0.0/8"], more='[geo]\nproxy = "cloudflare"') as service:
        assert await flag_from(service, cf_ipcountry="DE") == ALLOWED_BY_DEFAULT


async def test_a_header_that_comes_twice_is_in_doubt(behind_cloudflare: Running) -> None:
    headers = [("cf-ipcountry", "US"), ("cf-ipcountry", "DE")]
    flag = (await behind_cloudflare.client.get("/v1/states/flag", headers=headers)).json()
    assert flag["sale"] == "allowed", "the site's own regime"


async def test_headers_may_have_any_name(tmp_path: Path) -> None:
    more = '[geo]\ncountry_header = "X-Country"\nregion_header = "X-Region"'
    async with running(tmp_path, proxies=[PEER], more=more) as service:
        assert await flag_from(service, x_country="DE") == DENIED_BY_DEFAULT
        assert await flag_from(service, cf_ipcountry="DE") == ALLOWED_BY_DEFAULT


@pytest.mark.parametrize("proxy", PROXIES)
def test_every_named_proxy_says_country_and_region(proxy: str) -> None:
    names = PROXIES[proxy]
    headers = [(names.country.encode(), b"US"), (names.region.encode(), b"CO")]
    locations = Locations(ClientAddresses([PEER]), names)
    assert locations.of({"client": (PEER, 1), "headers": headers}) == Location("US", "CO")
    assert locations.of({"client": ("192.0.2.1", 1), "headers": headers}) == UNKNOWN_LOCATION
    assert locations.of({"client": None, "headers": headers}) == UNKNOWN_LOCATION


async def test_the_database_is_asked_about_the_client_behind_the_proxies(
    tmp_path: Path, database: Path
) -> None:
    more = f'[geo]\nproxy = "cloudflare"\ndatabase = "{database}"'
    async with running(tmp_path, proxies=[PEER], more=more) as service:
        assert await flag_from(service, x_forwarded_for="198.51.100.7") == DENIED_BY_DEFAULT
        assert await flag_from(service, x_forwarded_for="192.0.2.7") == ALLOWED_BY_DEFAULT
        said = await flag_from(service, x_forwarded_for="198.51.100.7", cf_ipcountry="US")
        assert said == ALLOWED_BY_DEFAULT, "the proxy knows better"
        assert not [line for line in service.log if b"198.51" in line]
        await service.client.post(
            "/v1/states/choices",
            json={"sale_share": "opt_out"},
            headers={"origin": SHOP, "x-forwarded-for": "198.51.100.7"},
        )
        assert "198.51" not in repr(await service.entries("states"))


def known(text: str) -> Address:
    address = read_address(text)
    assert address is not None
    return address


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.9", Location("US", "CO")),
        ("2001:db8:5::1", Location("US", "CA")),
        ("203.0.113.1", Location("US", None)),
        ("10.0.0.1", UNKNOWN_LOCATION),
    ],
)
def test_an_address_is_looked_up(database: Path, address: str, place: Location) -> None:
    assert open_database(database)(known(address)) == place


@pytest.mark.parametrize("peer", ["198.51.100.7", "::ffff:198.51.100.7", "64:ff9b::198.51.100.7"])
async def test_ipv4_has_its_place_also_in_the_form_of_ipv6(tmp_path: Path, database: Path, peer: str) -> None:
    async with running(tmp_path, more=f'[geo]\ndatabase = "{database}"') as service:
        transport = httpx2.ASGITransport(app=service.app, client=(peer, 1))
        async with httpx2.AsyncClient(transport=transport, base_url=SERVICE) as client:
            assert (await client.get("/v1/states/flag")).json()["sale"] == "denied"


async def test_a_visitor_whom_the_proxy_does_not_name_is_not_placed_where_the_proxy_is(
    tmp_path: Path, database: Path
) -> None:
    async with running(
        tmp_path, proxies=["198.51.100.0/24"], more=f'[geo]\ndatabase = "{database}"'
    ) as service:
        transport = httpx2.ASGITransport(app=service.app, client=("198.51.100.7", 1))
        async with httpx2.AsyncClient(transport=transport, base_url=SERVICE) as client:
            flag = (await client.get("/v1/states/flag", headers={"x-forwarded-for": "unknown"})).json()
            assert flag["sale"] == "allowed", "the site's own regime"


@pytest.mark.parametrize("content", [None, b"", b"something else"])
def test_a_database_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "cities.mmdb"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CannotStart, match=r"geo\.database .*cities\.mmdb can't be read"):
        open_database(file)


def test_a_database_of_countries_knows_no_regions_and_odd_records_are_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "odd.mmdb"
    writer = mmdb_writer.MMDBWriter(ip_version=4, database_type="Odd")
    writer.insert_network(IPSet(["192.0.2.0/24"]), "text")
    writer.insert_network(IPSet(["198.51.100.0/24"]), {"continent": {"code": "EU"}})
    writer.to_db_file(str(file))
    locate = open_database(file)
    assert [locate(known(f"{start}.1")) for start in ("192.0.2", "198.51.100")] == [
        UNKNOWN_LOCATION,
        UNKNOWN_LOCATION,
    ]
    assert locate(known("2001:db8::1")) == UNKNOWN_LOCATION, "a database of IPv4 knows nothing of IPv6"
