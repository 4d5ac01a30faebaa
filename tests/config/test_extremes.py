"""Values that no parser can hold, and domains and networks that belong to everybody: each a fault in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.config import parse_config
from consent_service.errors import ConfigError
from tests.cli.test_main import Command, command

__all__ = ["command"]

MANY = "9" * 5000
DEEP = 5000
TEXT = """\
[service]
public_url = "https://privacy.acme.co.uk"
{service}
[business]
name = "Acme"
{business}
[sites.acme]
name = "Acme"
origins = ["https://www.acme.co.uk"]
regime = "us-ca"
{site}
{more}
"""


def document(**parts: str) -> str:
    """A configuration that is fine, with these lines in their places."""
    return TEXT.format(**({"service": "", "business": "", "site": "", "more": ""} | parts))


def faults(**parts: str) -> list[str]:
    """The faults found in it, each with its line and key."""
    try:
        parse_config(document(**parts), {})
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []


def in_cookie(key: str, value: str) -> str:
    return f'[[sites.acme.prior_cookies]]\ncookie = "x"\n{key} = "{value}"'


EXTREME = {
    "a number of 5,000 digits": (document(service=f"port = {MANY}"), "line 3: a number has too many digits"),
    "below zero": (document(service=f"port = -{MANY}"), "line 3: a number has too many digits"),
    "digits in groups": (document(service=f"port = {'9_' * 4999}9"), "line 3: a number has too many digits"),
    "in a table that nobody reads": (document(more=f"[x]\na = {MANY}"), "line 13: a number has too many"),
    "4,000 digits": (
        document(service=f"port = {MANY[:4000]}"),
        "wanted 1 to 65535, found a number far beyond",
    ),
    "in hexadecimal": (document(service=f"port = 0x{'f' * DEEP}"), "wanted 1 to 65535, found a number far"),
    "in an address": (
        document(business=f'[sites.b]\norigins = ["https://a:{MANY}"]'),
        "a port of 1 to 65535",
    ),
    "in a range": (
        document(service=f'trusted_proxies = ["10.0.0.0/{MANY}"]'),
        "service.trusted_proxies[0]: wanted",
    ),
    "deep lists": (document(more="x = " + "[" * DEEP + "]" * DEEP), "are nested too deeply"),
    "deep tables": (
        document(more="x = " + "{a = " * DEEP + "1" + "}" * DEEP),
        "are nested too deeply",
    ),
    "a deep header": (document(more=f"[{'.'.join('a' * DEEP)}]\nb = 1"), "line 12: a: unknown key"),
    "a deep list of tables": (document(more=f"[[sites.{'.'.join('a' * DEEP)}]]"), "line 12: sites.a"),
    "a deep key": (document(site=f"{'.'.join('a' * DEEP)} = 1"), "line 11: sites.acme.a: unknown key"),
    "lists without an end": ("a = " + "[" * DEEP, "are nested too deeply"),
    "a bracket in an address": (
        document(business='privacy_policy = "http://[x"'),
        "line 6: business.privacy_policy",
    ),
    "a huge repetition": (document(site=in_cookie("pattern", "a{99999999999}")), "not a regular expression"),
    "deep groups": (document(site=in_cookie("pattern", "(" * DEEP + ")" * DEEP)), "not a regular expression"),
    "a huge repetition in an id": (
        document(site=in_cookie("id", "(a{99999999999})")),
        "not a regular expression",
    ),
}


@pytest.mark.parametrize(("text", "said"), EXTREME.values(), ids=EXTREME)
def test_check_says_in_a_sentence_what_nothing_can_hold(command: Command, text: str, said: str) -> None:
    Path("consent.toml").write_text(text, encoding="utf-8")
    ended = command("check")
    assert ended.status == 1
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert "sys." not in ended.err


SUFFIXES = ["co.uk", "com", "uk", "github.io", "netlify.app", "kawasaki.jp", "xn--p1ai"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_cookie_for_a_domain_that_is_everybodys_is_a_fault(suffix: str) -> None:
    more = f"""[sites.other]
name = "Other"
origins = ["https://www.acme.{suffix}"]
regime = "us-ca"
cookie_domain = "{suffix}"
"""
    [fault] = faults(more=more)
    assert fault.startswith("line 16: sites.other.cookie_domain: anybody can have a name below")


@pytest.mark.parametrize("domain", ["acme.co.uk", "www.acme.co.uk"])
def test_a_cookie_for_ones_own_domain_is_fine(domain: str) -> None:
    assert faults(site=f'cookie_domain = "{domain}"') == []


@pytest.mark.parametrize("name", ["corp", "localhost"])
def test_a_name_without_a_dot_is_no_domain_of_a_cookie_for_hosts_below_it(name: str) -> None:
    more = (
        f'[sites.b]\nname = "B"\norigins = ["http://shop.{name}"]\nregime = "us-ca"\ncookie_domain = "{name}"'
    )
    [fault] = faults(more=more)
    assert (
        f"browsers on http://shop.{name} would drop a cookie for this domain, because it has no dot" in fault
    )
    assert faults(more=more.replace(f"shop.{name}", name)) == []


def test_an_address_has_no_domain_above_it() -> None:
    more = '[sites.b]\nname = "B"\norigins = ["http://10.0.0.1"]\nregime = "us-ca"\ncookie_domain = "0.0.1"'
    [fault] = faults(more=more)
    assert "browsers on http://10.0.0.1 would drop a cookie" in fault


@pytest.mark.parametrize(("domain", "fine"), [("com", False), ("co.uk", False), ("cloudfront.net", True)])
def test_a_registrys_domain_is_no_partners(domain: str, fine: bool) -> None:
    partner = f'[partners.p]\nname = "P"\ndomains = ["{domain}"]\nsites = ["acme"]'
    assert (faults(more=partner) == []) == fine


HALVES = ["0.0.0.0/1", "128.0.0.0/1"]
EVERYBODY = [
    ["0.0.0.0/0"],
    ["::/0"],
    ["::ffff:0:0/96"],
    ["10.0.0.0/8", "0.0.0.0/0"],
    HALVES,
    ["::ffff:0.0.0.0/97", "::ffff:128.0.0.0/97"],
    ["0.0.0.0/1", "64:ff9b::8000:0/97"],
    ["64.0.0.0/2", "128.0.0.0/2", "0.0.0.0/2", "192.0.0.0/2"],
    ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"],  # what is left out nobody has
    [f"{first}.0.0.0/8" for first in range(1, 224) if first not in (10, 127)],
    ["2000::/3"],
    ["2000::/4", "3000::/4"],
    ["2000::/3", "4000::/2", "8000::/1"],
]
SOMEBODY = [
    [],
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1", "fc00::/7", "fe80::/10"],
    ["0.0.0.0/1"],
    ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/4"],
    [f"{first}.0.0.0/8" for first in range(1, 224) if first not in (8, 10, 127)],
    ["2000::/4"],
    ["173.245.48.0/20", "103.21.244.0/22", "104.16.0.0/13", "2400:cb00::/32", "2606:4700::/32"],
]


@pytest.mark.parametrize("networks", EVERYBODY, ids=lambda networks: ",".join(networks)[:40])
def test_proxies_that_are_everybody_are_a_fault(networks: list[str]) -> None:
    [fault, *_] = faults(service=f"trusted_proxies = {networks}")
    assert fault.startswith("line 3: service.trusted_proxies")
    assert "trust everybody who connects" in fault


@pytest.mark.parametrize("networks", SOMEBODY, ids=lambda networks: ",".join(networks)[:40])
def test_proxies_that_are_somebody_are_fine(networks: list[str]) -> None:
    assert faults(service=f"trusted_proxies = {networks}") == []


def test_a_file_that_begins_with_a_byte_order_mark_is_read(command: Command) -> None:
    Path("consent.toml").write_text(document(), encoding="utf-8-sig")
    ended = command("check")
    assert (ended.status, ended.err) == (0, "")
