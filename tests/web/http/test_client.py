"""The client of a call: its address behind proxies, and the device that its User-Agent names."""

from __future__ import annotations

import pytest

from consent_service.addresses import read_address, text_of
from consent_service.web.http.client import ClientAddresses, Devices

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


IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/16.6 Mobile/15E148 Safari/604.1"
)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("agent", "kind", "browser"),
    [
        (IPHONE, "mobile", "Mobile Safari"),
        (IPAD, "tablet", "Mobile Safari"),
        (CHROME, "desktop", "Chrome"),
        (GOOGLEBOT, "bot", "Googlebot"),
        ("something else", "other", "Other"),
        ("MyName/1.0 (a@b.example; tel 555) Bot", "bot", "Other"),
    ],
)
def test_the_device_class_and_browser_family_are_read_from_a_user_agent(
    agent: str, kind: str, browser: str
) -> None:
    device = Devices().of(agent)
    assert device is not None
    assert (device.kind, device.browser) == (kind, browser)
    assert device.is_bot == (kind == "bot")


def test_a_call_without_a_user_agent_has_no_device() -> None:
    assert Devices().of(None) is Devices().of("") is None


def test_the_memo_is_bounded() -> None:
    devices = Devices(entries=5)
    for number in range(20):
        devices.of(f"agent {number}")
    assert devices.memoised == 5


def test_a_huge_header_is_cut_before_it_is_kept() -> None:
    devices = Devices()
    assert devices.of("x" * 1_000_000) is devices.of("x" * 320)
    assert devices.memoised == 1
