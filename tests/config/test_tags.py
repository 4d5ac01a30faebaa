"""Tags: what may be said of them, and when an adapter restricts a partner."""

from __future__ import annotations

import pytest

from consent_service.config import parse_config
from consent_service.errors import ConfigError

TEXT = """\
[service]
public_url = "https://privacy.acme.example"
[business]
name = "Acme"
[sites.acme]
name = "Acme"
origins = ["https://www.acme.example"]
regime = "us-ca"
[sites.acme.tags]
{tags}
[sites.blog]
name = "Blog"
origins = ["https://blog.acme.example"]
regime = "us-ca"
[partners.adnet]
name = "Adnet"
domains = ["adnet.example"]
{partner}
"""
BLOCKED = 'sites = ["acme", "blog"]'
META = 'sites = ["acme"]\nwhen_denied = "restrict"\nadapter = "meta"'


def faults(tags: str = "", partner: str = BLOCKED) -> list[str]:
    """Every fault as "key: message"."""
    try:
        parse_config(TEXT.format(tags=tags, partner=partner), {})
    except ConfigError as error:
        return [f"{fault.key}: {fault.message}" for fault in error.faults]
    return []


def test_without_a_setting_no_adapter_is_on() -> None:
    tags = parse_config(TEXT.format(tags="", partner=BLOCKED), {}).sites["blog"].tags
    switches = (
        tags.google_consent_mode,
        tags.google_restricted_data_processing,
        tags.meta_limited_data_use,
        tags.microsoft_uet,
        tags.data_layer,
    )
    assert not any(switches)
    assert (tags.analytics_storage, tags.regions, tags.wait_for_update) == ("follows", (), 500)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("google_consent = true", "google_consent: unknown key; did you mean 'google_consent_mode'?"),
        ("microsoft_uet = 1", "microsoft_uet: wanted true or false, found a whole number"),
        ('analytics_storage = "denied"', "analytics_storage: wanted 'follows' or 'granted', found 'denied'"),
        ("wait_for_update = -1", "wait_for_update: wanted 0 to 10000, found -1"),
        ('regions = ["us-ca"]', 'regions[0]: wanted a place such as "US" or "US-CA", found \'us-ca\''),
        ('regions = ["US", "USA"]', 'regions[1]: wanted a place such as "US" or "US-CA", found \'USA\''),
        ('regions = ["US-"]', 'regions[0]: wanted a place such as "US" or "US-CA", found \'US-\''),
    ],
)
def test_a_value_that_nobody_understands_is_a_fault(line: str, fault: str) -> None:
    assert faults(f"google_consent_mode = true\n{line}") == [f"sites.acme.tags.{fault}"]


@pytest.mark.parametrize(
    "line", ['analytics_storage = "granted"', 'regions = ["US-CA"]', "wait_for_update = 0"]
)
def test_what_is_said_of_consent_mode_needs_consent_mode(line: str) -> None:
    key = line.split(" =")[0]
    assert faults(line) == [f"sites.acme.tags.{key}: has no effect without google_consent_mode"]
    assert faults(f"google_consent_mode = true\n{line}") == []


def test_a_partner_is_restricted_by_an_adapter_that_is_on_or_by_a_contract() -> None:
    assert faults("meta_limited_data_use = true", META) == []
    assert faults("", META.replace('adapter = "meta"', 'service_provider_contract = "2026-01"')) == []
    (fault,) = faults("meta_limited_data_use = true", META.replace('adapter = "meta"', ""))
    assert fault.startswith("partners.adnet.when_denied: ")


@pytest.mark.parametrize("switch", ["google_consent_mode", "google_restricted_data_processing"])
def test_either_of_googles_switches_restricts_google(switch: str) -> None:
    google = META.replace("meta", "google")
    assert faults(f"{switch} = true", google) == []
    (fault,) = faults("data_layer = true", google)
    wanted = "google_consent_mode or google_restricted_data_processing"
    assert fault == f"partners.adnet.adapter: is off at 'acme': sites.acme.tags needs {wanted}"


def test_an_adapter_has_to_be_on_at_every_site_of_the_partner_contract_or_not() -> None:
    both = META.replace('["acme"]', '["acme", "blog"]') + '\nservice_provider_contract = "2026-01"'
    (fault,) = faults("meta_limited_data_use = true", both)
    wanted = "sites.blog.tags needs meta_limited_data_use"
    assert fault == f"partners.adnet.adapter: is off at 'blog': {wanted}"


def test_an_adapter_of_a_blocked_partner_says_nothing() -> None:
    blocked = META.replace('"restrict"', '"block"')
    (fault,) = faults("meta_limited_data_use = true", blocked)
    assert fault == 'partners.adnet.adapter: has no effect where when_denied is "block"'


def test_a_partner_that_needs_more_than_sale_and_share_is_not_restricted_by_an_adapter() -> None:
    (fault,) = faults("meta_limited_data_use = true", f'{META}\nrights = ["sale", "sensitive"]')
    assert fault.startswith("partners.adnet.adapter: adapters follow sale and share")


def test_an_unknown_adapter_is_a_fault() -> None:
    (fault,) = faults("meta_limited_data_use = true", META.replace('"meta"', '"facebook"'))
    assert fault.startswith("partners.adnet.adapter: wanted ")
