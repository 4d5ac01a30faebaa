"""The client's address, behind proxies."""

from __future__ import annotations

import pytest

from consent_service.addresses import read_address, text_of
from consent_service.web.http.location import ClientAddresses

PROXY = "10.0.0.1"


def address(peer: str, *lines: str) -> str | None:
    """The client's address of a call from this peer with these X-Forwarded-For lines."""
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    found = ClientAddresses(["10.0.0.0/8", "2001:db8:99::/48"]).address(
        {"client": (peer, 1), "headers": headers}
    )
    return None if found is None else text_of(found)


@pytest.mark.parametrize(
    ("peer", "lines", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        (PROXY, [], PROXY),
        (PROXY, ["203.0.113.9"], "203.0.113.9"),
        (PROXY, ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (PROXY, ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        (PROXY, ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (PROXY, ["203.0.113.9, , 10.0.0.2,"], "203.0.113.9"),
        (PROXY, ["203.0.113.9:4711"], "203.0.113.9"),
        (PROXY, ["[2001:db8:1:2::7]:4711"], "2001:db8:1:2::7"),
        (PROXY, ["2001:DB8:1:2:3:4:5:6"], "2001:db8:1:2:3:4:5:6"),
    ],
)
def test_the_last_hop_that_is_no_trusted_proxy_counts(peer: str, lines: list[str], client: str) -> None:
    assert address(peer, *lines) == client


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.1", "::FFFF:a00:1", "2001:db8:99::1%eth0"])
def test_a_trusted_proxy_is_known_in_every_form_of_its_address(peer: str) -> None:
    assert address(peer, "::ffff:203.0.113.9, ::ffff:10.0.0.2, [2001:DB8:99::2]:443") == "203.0.113.9"


@pytest.mark.parametrize("hop", ["unknown", "for=203.0.113.9", '"[2001:db8::7]"', "_hidden", "1.2.3"])
def test_a_hop_that_can_t_be_read_is_nobody_and_no_hop_before_it_counts(hop: str) -> None:
    assert address(PROXY, f"198.51.100.1, {hop}") is None


def test_a_chain_of_more_proxies_than_are_read_gives_no_address() -> None:
    assert address(PROXY, ", ".join(["10.0.0.9"] * 20)) == PROXY
    assert address(PROXY, ", ".join(["203.0.113.9", *["10.0.0.9"] * 5000])) is None


def test_a_call_without_a_peer_has_no_address() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.9")]
    assert ClientAddresses(["10.0.0.0/8"]).address({"client": None, "headers": headers}) is None


def test_without_trusted_proxies_only_the_peer_counts() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.9")]
    found = ClientAddresses([]).address({"client": ("::ffff:198.51.100.1", 1), "headers": headers})
    assert found == read_address("198.51.100.1")
