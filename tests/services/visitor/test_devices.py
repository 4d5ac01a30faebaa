"""Device class and browser family: all that is kept of a User-Agent."""

from __future__ import annotations

import pytest

from consent_service.services.visitor.devices import Devices, is_bot

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
    assert is_bot(device) == (kind == "bot")


def test_a_call_without_a_user_agent_has_no_device() -> None:
    assert Devices().of(None) is Devices().of("") is None
    assert not is_bot(None)


def test_the_memo_is_bounded() -> None:
    devices = Devices(entries=5)
    for number in range(20):
        devices.of(f"agent {number}")
    assert devices.memoised == 5


def test_a_huge_header_is_cut_before_it_is_kept() -> None:
    devices = Devices()
    assert devices.of("x" * 1_000_000) is devices.of("x" * 320)
    assert devices.memoised == 1
