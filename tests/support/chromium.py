"""Chromium: Debian's own, started for tests, and what it does with third parties' cookies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

from playwright.async_api import Browser, BrowserContext, Playwright

CHROMIUM: Final = Path("/usr/bin/chromium")
MISSING: Final = (
    f"{CHROMIUM} is missing: `make test` installs it, or: apt-get install --no-install-recommends chromium"
)
FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Pages that a test hands over itself come from no address, and may not ask this machine otherwise.
    "--disable-features=LocalNetworkAccessChecks",
]

ThirdPartyCookies = Literal["allowed", "blocked"]


@asynccontextmanager
async def launched(playwright: Playwright, profile: Path, **options: Any) -> AsyncIterator[BrowserContext]:
    """Yield a browser's context with this profile; keywords as `launch_persistent_context` has them."""
    assert CHROMIUM.exists(), MISSING
    context = await playwright.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=FLAGS, **options
    )
    try:
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def browser(
    playwright: Playwright, profile: Path, cookies: ThirdPartyCookies
) -> AsyncIterator[Browser]:
    """Yield a browser. `cookies`: what it does with those of third parties."""
    _write_preferences(profile, cookies)
    async with launched(playwright, profile) as context:
        assert context.browser is not None
        yield context.browser


def _write_preferences(profile: Path, cookies: ThirdPartyCookies) -> None:
    """Set explicitly: browsers' and distributions' defaults differ."""
    blocked = cookies == "blocked"
    preferences = {"profile": {"block_third_party_cookies": blocked, "cookie_controls_mode": int(blocked)}}
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
