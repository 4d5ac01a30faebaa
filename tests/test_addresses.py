"""One way to read an address: what is the same machine reads as the same address."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.addresses import Networks, is_unspecified, read_address, read_network, text_of


def read(text: str) -> str | None:
    """The canonical text of the address in this text."""
    address = read_address(text)
    return None if address is None else text_of(address)


@pytest.mark.parametrize(
    "text",
    [
        "203.0.113.9",
        " 203.0.113.9 ",
        "203.0.113.9:4711",
        "::ffff:203.0.113.9",
        "::FFFF:203.0.113.9",
        "::ffff:cb00:7109",
        "0:0:0:0:0:ffff:203.0.113.9",
        "[::ffff:203.0.113.9]:4711",
        "64:ff9b::203.0.113.9",
        "[64:FF9B::cb00:7109]",
    ],
)
def test_one_ipv4_address_is_one_address_in_every_form(text: str) -> None:
    assert read(text) == "203.0.113.9"


@pytest.mark.parametrize(
    "text", ["2001:DB8::7", "[2001:db8::7]", "[2001:db8::7]:443", "2001:db8:0:0::7%eth0"]
)
def test_one_ipv6_address_is_one_address_in_every_form(text: str) -> None:
    assert read(text) == "2001:db8::7"


@pytest.mark.parametrize("text", ["fe80::1%eth0", "fe80::1%25eth0", "[fe80::1%lo]:80"])
def test_a_zone_says_nothing_about_whose_address_it_is(text: str) -> None:
    assert read(text) == "fe80::1"


@pytest.mark.parametrize("text", ["2002:cb00:7109::1", "2001:0:cb00:7109::1", "::203.0.113.9"])
def test_what_has_a_network_of_its_own_stays_ipv6(text: str) -> None:
    address = read_address(text)
    assert address is not None
    assert len(address) == 16


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "unknown",
            "_hidden",
            "for=203.0.113.9",
            '"[2001:db8::7]:4711"',
            "203.0.113",
            "203.0.113.256",
        ),
        *(
            "0203.0.113.9",
            "[",
            "]",
            "[]",
            ":",
            "::1::",
            "1.2.3.4.5",
            "::ffff:1.2.3",
            "é",
            "\0",
            "1" * 100_000,
        ),
    ],
)
def test_a_text_that_is_no_address_gives_none(text: str) -> None:
    assert read_address(text) is None


@given(st.ip_addresses())
def test_an_address_reads_as_itself_and_what_was_read_reads_the_same_again(address: object) -> None:
    found = read(str(address))
    assert found is not None
    assert read(found) == found


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_written_as_ipv6_is_read_as_ipv4(address: object) -> None:
    for prefix in ("::ffff:", "64:ff9b::"):
        assert read(f"{prefix}{address}") == str(address)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("64:ff9b::10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("fe80::1%eth0", "fe80::1/128"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_read_as_its_addresses_are(text: str, network: str) -> None:
    assert read_network(text) == ip_network(network)


@pytest.mark.parametrize("text", ["::/64", "::fffe:0:0/95", "64:ff9b::/32"])
def test_a_range_that_holds_all_of_ipv4_in_the_form_of_ipv6_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="holds all of IPv4"):
        read_network(text)


@given(st.lists(st.ip_addresses()), st.ip_addresses(), st.integers(0, 32))
def test_a_set_of_networks_holds_what_one_of_them_holds(
    starts: list[object], address: object, length: int
) -> None:
    networks = [ip_network(f"{start}/{length}", strict=False) for start in starts]
    asked = read_address(str(address))
    assert asked is not None
    plain = ip_address(text_of(asked))
    assert (asked in Networks(networks)) == any(plain in network for network in networks)


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "0::0", "::ffff:0.0.0.0"])
def test_what_a_listener_on_every_address_is_bound_to_is_known(text: str) -> None:
    address, other = read_address(text), read_address("::1")
    assert address is not None
    assert other is not None
    assert is_unspecified(address)
    assert not is_unspecified(other)
