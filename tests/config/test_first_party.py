"""First party: which way a site has to the service, and which ways are none."""

from __future__ import annotations

import pytest

from consent_service.config import parse_config
from consent_service.config.first_party import FirstParty, first_party
from consent_service.errors import ConfigError

PUBLIC = "https://privacy.acme.example"
TEXT = """\
[service]
public_url = "{public_url}"
[business]
name = "Acme"
[sites.acme]
name = "Acme shop"
origins = {origins}
regime = "us-ca"
{more}
"""
ONE = '["https://www.acme.example"]'
TWO = '["https://www.acme.example", "https://shop.acme.example"]'
PATH = 'first_party = "https://www.acme.example/privacy"'
DOMAIN = 'cookie_domain = "acme.example"'


def way(more: str = "", origins: str = ONE, public_url: str = PUBLIC) -> FirstParty | None:
    """Return the first-party mode of this configuration."""
    config = parse_config(TEXT.format(public_url=public_url, origins=origins, more=more), {})
    return first_party(config.sites["acme"], config.service.public_url)


def faults(more: str, origins: str = ONE) -> list[str]:
    """Return the fault that `check` reports for `first_party`."""
    with pytest.raises(ConfigError) as caught:
        way(more, origins)
    assert {fault.key for fault in caught.value.faults} == {"sites.acme.first_party"}
    return [fault.message for fault in caught.value.faults]


def test_without_a_setting_there_is_no_first_party_mode() -> None:
    assert way() is None


def test_the_service_on_the_sites_own_domain_is_first_party_by_itself() -> None:
    assert way(DOMAIN) == FirstParty(
        PUBLIC, "privacy.acme.example", "acme.example", secure=True, on_site=False
    )


@pytest.mark.parametrize("public_url", ["https://privacy.vendor.example", "https://privacy.notacme.example"])
def test_a_service_on_another_domain_is_not_first_party(public_url: str) -> None:
    assert way(DOMAIN, public_url=public_url) is None


def test_a_service_over_tls_is_not_first_party_for_a_site_without_tls() -> None:
    assert way(DOMAIN, origins='["http://www.acme.example"]') is None


def test_a_path_of_the_site_is_first_party_and_its_cookie_stays_on_that_host() -> None:
    assert way(PATH) == FirstParty(
        "https://www.acme.example/privacy", "www.acme.example", None, secure=True, on_site=True
    )


def test_a_path_of_one_of_several_hosts_shares_the_cookie_of_their_domain() -> None:
    found = way(f"{PATH}\n{DOMAIN}", TWO)
    assert found is not None
    assert found.cookie_domain == "acme.example"


def test_a_host_of_the_sites_domain_leads_to_a_service_elsewhere() -> None:
    more = f'{DOMAIN}\nfirst_party = "https://consent.acme.example"'
    found = way(more, public_url="https://privacy.vendor.example")
    assert found is not None
    assert (found.host, found.on_site) == ("consent.acme.example", False)


@pytest.mark.parametrize(
    ("more", "origins", "said"),
    [
        ('first_party = "https://www.acme.example"', ONE, "needs a path"),
        ('first_party = "https://www.acme.example:8443/privacy"', ONE, "wanted one of the site's origins"),
        ('first_party = "https://privacy.acme.example"', ONE, "a host below the site's cookie_domain"),
        (
            f'{DOMAIN}\nfirst_party = "https://notacme.example/privacy"',
            ONE,
            "a host below the site's cookie_",
        ),
        (
            f'{DOMAIN}\nfirst_party = "http://consent.acme.example"',
            ONE,
            "every origin of the site must be http",
        ),
        (PATH, TWO, "pages on several hosts need a cookie_domain"),
        ('first_party = "https://www.acme.example/a;b"', ONE, "the path may have"),
        ('first_party = "https://www.acme.example/a/../b"', ONE, "no segment begins with a dot"),
        ('first_party = "https://www.acme.example/a//b"', ONE, "the path may have"),
    ],
)
def test_what_is_no_way_of_the_site_is_refused_in_a_sentence(more: str, origins: str, said: str) -> None:
    [fault] = faults(more, origins)
    assert said in fault


def test_a_first_party_path_does_not_open_the_pages_to_the_site() -> None:
    with pytest.raises(ConfigError, match="the service needs one that no site's scripts are on"):
        way(PATH, public_url="https://www.acme.example/privacy")
