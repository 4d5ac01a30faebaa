"""Visiting: a browser, the visitors in it, and all that they ask of whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    Route,
    expect,
)

from consent_service.demo.site_addresses import ADNET_HOST, SERVICE_HOST, SITE
from tests.support.demo import Demo
from tests.support.waiting import DEADLINE_MS

SIGNAL = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});"

_READ = "() => performance.now() > performance.getEntriesByType('navigation')[0].responseStart + 3100"
"""JavaScript: true once the page has been here for the three seconds before which the service takes no form of it."""

Until = Literal["parsed", "ready", "still"]
"""Event up to which a page is waited for: its document is there, the script has its answer as well, or nothing more
is asked of anybody. Only then one can say what was not asked."""


@dataclass
class Visitor:
    """A person with cookies of their own. `asked` is every request of every page, tab and frame, oldest first."""

    context: BrowserContext
    demo: Demo
    asked: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _held: list[Route] = field(default_factory=list)

    async def visit(self, path: str = "/", *, origin: str = "", until: Until = "ready") -> Page:
        """Open a page of the shop in a new tab."""
        page = await self.context.new_page()
        await page.goto((origin or self.demo.addresses.shop) + path, wait_until="domcontentloaded")
        await waited(page, until)
        return page

    def asked_of(self, host: str) -> list[str]:
        """The paths that were asked of this host."""
        urls = [urlsplit(request.url) for request in self.asked]
        return [url.path for url in urls if url.hostname == host]

    @property
    def asked_of_partner(self) -> list[str]:
        return self.asked_of(ADNET_HOST)

    @property
    def asked_of_service(self) -> list[str]:
        return self.asked_of(SERVICE_HOST)

    async def token(self) -> str:
        """The visitor token in the shop's cookie."""
        cookies = {cookie["name"]: cookie["value"] for cookie in await self.context.cookies()}
        return cookies[f"pc_{SITE}"].split(".", 6)[6]

    async def hold(self, pattern: str) -> None:
        """From here on these addresses hang."""
        await self.context.route(pattern, lambda route: self._held.append(route))

    async def release(self) -> None:
        """Let through what hangs."""
        for route in self._held:
            with suppress(Error):  # whoever asked may be gone
                await route.continue_()
        self._held.clear()

    async def has_signal(self) -> None:
        """From here on the browser sends Global Privacy Control, in header and navigator."""
        await self.context.set_extra_http_headers({"Sec-GPC": "1"})
        await self.context.add_init_script(SIGNAL)


@asynccontextmanager
async def visitor(opened: Browser, demo: Demo, **options: Any) -> AsyncIterator[Visitor]:
    """Somebody who was never here; keywords as `new_context` has them."""
    context = await opened.new_context(**options)
    context.set_default_timeout(DEADLINE_MS)
    person = Visitor(context, demo)
    context.on("request", lambda request: person.asked.append(request))
    context.on("console", lambda said: _note_complaint(person, said))
    context.on("weberror", lambda error: person.complaints.append(str(error.error)))
    try:
        yield person
    finally:
        await person.release()
        await context.close()


def _note_complaint(person: Visitor, said: ConsoleMessage) -> None:
    """A policy's violations are errors in the console, too."""
    if said.type in ("error", "warning"):
        person.complaints.append(said.text)


async def reloaded(page: Page, until: Until = "ready") -> None:
    """Load the page again."""
    await page.reload(wait_until="domcontentloaded")
    await waited(page, until)


async def waited(page: Page, until: Until) -> None:
    """Wait for a page just loaded."""
    if until != "parsed":
        await page.evaluate("() => window.privacyChoices.ready.then(() => true)")
    if until == "still":
        await page.wait_for_load_state("networkidle")


async def opt_out(page: Page) -> None:
    """Opt out in the banner, and wait until the service has acknowledged it."""
    await part(page, "opt-out").click()
    await acknowledged(page)


async def acknowledged(page: Page) -> None:
    """Wait until the service has acknowledged the opt-out that was made here: only then its flag has an age."""
    await page.wait_for_function(
        "() => { const {sale, max_age} = privacyChoices.flag(); return sale === 'denied' && max_age > 0; }"
    )


async def flag(page: Page) -> dict[str, Any]:
    """Return the flag that a tag on this page would get now."""
    said: dict[str, Any] = await page.evaluate("() => window.privacyChoices.flag()")
    return said


def part(page: Page, name: str) -> Locator:
    """A part of the banner, the status or the settings."""
    return page.locator(f"#privacy-choices-{name}")


def confirm_button(page: Page) -> Locator:
    """The button of the second step, which its page's script wakes."""
    return page.locator("form.scripted button")


async def confirmed(tab: Page) -> None:
    """Press the button of the second step as soon as it is awake, and wait for what the service says."""
    await confirm_button(tab).click()
    await expect(tab.get_by_role("status")).to_have_text("Your choice is recorded")


async def confirmed_without_script(page: Page) -> None:
    """Answer yes, then confirm on the page that asks again, each after the time that reading takes."""
    await page.get_by_label("Yes, let").check()
    for name in ("Continue", "Confirm"):
        while not await page.evaluate(_READ):
            await asyncio.sleep(0.05)  # between two questions: such a page has no timer that could wait
        await page.get_by_role("button", name=name).click()
    await expect(page.get_by_role("status")).to_have_text("Your choice is recorded")


async def own_focus(page: Page) -> None:
    """Let this page have the focus only while it is in front: Playwright gives it to every page at once."""
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})


async def came_back(page: Page) -> None:
    """Look at this page again, after another tab was in front."""
    await own_focus(page)
    await page.bring_to_front()
