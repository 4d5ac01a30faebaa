"""Devices: the kind of device and the browser family that a User-Agent names, and known bots.

A parse takes about a millisecond, so results are memoised. The raw header is a key of the memo and is stored nowhere
(design rule 7).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from user_agents import parse

from consent_service.ledger.entries import Device

_LONGEST: Final = 320
"""Characters. Longer headers are cut: real ones are shorter, and the memo must stay small."""

_FAMILIES: Final = frozenset(
    {
        "Brave", "Chrome", "Chrome Mobile", "Chrome Mobile WebView", "Chrome Mobile iOS", "Chromium",
        "DuckDuckGo Mobile", "Edge", "Edge Mobile", "Firefox", "Firefox Mobile", "Firefox iOS", "IE",
        "Mobile Safari", "Mobile Safari UI/WKWebView", "Opera", "Opera Mini", "Opera Mobile", "Safari",
        "Samsung Internet", "UC Browser", "Vivaldi", "Yandex Browser",
        "Applebot", "Baiduspider", "DuckDuckBot", "Googlebot", "YandexBot", "bingbot", "facebookexternalhit",
    }
)  # fmt: skip
"""Browser families that may be recorded. The parser returns any text of a header as a family (design rule 7)."""


class Devices:
    """A bounded memo of parsed User-Agent headers."""

    def __init__(self, entries: int = 10_000) -> None:
        self._parsed = lru_cache(maxsize=entries)(_parse)

    def of(self, user_agent: str | None) -> Device | None:
        """Return the device of a User-Agent header, or None without one."""
        return self._parsed(user_agent[:_LONGEST]) if user_agent else None

    @property
    def memoised(self) -> int:
        """Number of headers remembered."""
        return self._parsed.cache_info().currsize


def is_bot(device: Device | None) -> bool:
    """Return True for a known bot: its signals are answered and not recorded."""
    return device is not None and device.kind == "bot"


def _parse(user_agent: str) -> Device:
    agent = parse(user_agent)
    kinds = (
        ("bot", agent.is_bot),
        ("tablet", agent.is_tablet),
        ("mobile", agent.is_mobile),
        ("desktop", agent.is_pc),
    )
    family = agent.browser.family
    kind = next((kind for kind, applies in kinds if applies), "other")
    return Device(kind, family if family in _FAMILIES else "Other")
