"""Takes pictures of all that visitors see, for people to look at: `python -m tests.e2e.contact_sheet [FOLDER]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, async_playwright

from tests.demo.demos import Demo, running, two_free_ports
from tests.e2e.visiting import Visitor, browser, opt_out, part, visitor

Scheme = Literal["light", "dark"]

WIDTHS = (1280, 360)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
HEIGHT = 800


class Album:
    """Pictures in one folder, numbered in the order in which they are taken."""

    def __init__(self, folder: Path, width: int, scheme: Scheme) -> None:
        self._folder = folder
        self._prefix = f"{width}-{scheme}"
        self._count = 0

    async def take(self, page: Page, name: str, *, whole: bool = False) -> None:
        self._count += 1
        path = self._folder / f"{self._prefix}-{self._count:02}-{name}.png"
        await page.screenshot(path=path, full_page=whole)


async def main(folder: Path, demo: Demo) -> None:
    """Every width in light and dark."""
    with tempfile.TemporaryDirectory() as profile:
        async with async_playwright() as driver, browser(driver, Path(profile), "allowed") as opened:
            for width, scheme in product(WIDTHS, SCHEMES):
                await tour(opened, demo, folder, width, scheme)
    (folder / "index.html").write_text("\n".join(sheet(folder)))


async def tour(opened: Browser, demo: Demo, folder: Path, width: int, scheme: Scheme) -> None:
    """From the first visit to the affirmation, and a browser with a signal."""
    album = Album(folder, width, scheme)
    options = {"viewport": {"width": width, "height": HEIGHT}, "color_scheme": scheme}
    async with visitor(opened, demo, **options) as person:
        await choices(person, album)
    async with visitor(opened, demo, **options) as person:
        await person.has_signal()
        page = await person.visit()
        await album.take(page, "signal")
        await album.take(await confirmation(person, page), "confirm-over-signal")


async def choices(person: Visitor, album: Album) -> None:
    page = await person.visit()
    await album.take(page, "first-visit")
    await opt_out(page)
    await album.take(page, "opted-out", whole=True)
    tab = await confirmation(person, page)
    await album.take(page, "settings")
    await album.take(tab, "confirm")
    await part(tab, "confirm").click()
    await tab.get_by_role("status").wait_for()
    await album.take(tab, "confirmed")
    await album.take(await person.visit(), "allowed-again", whole=True)


async def confirmation(person: Visitor, page: Page) -> Page:
    """Ask in the settings that sale and sharing be allowed; the tab that opens."""
    await page.get_by_role("link", name="Your Privacy Choices").click()
    async with person.context.expect_page() as opened:
        await page.get_by_role("switch").click()
    tab = await opened.value
    await part(tab, "confirm").wait_for()
    return tab


def sheet(folder: Path) -> Iterator[str]:
    """A page with all pictures."""
    yield "<!doctype html><meta charset=utf-8><title>Contact sheet</title>"
    yield "<style>body{font:1rem sans-serif;display:flex;flex-wrap:wrap;gap:1rem}img{height:24rem}</style>"
    for picture in sorted(folder.glob("*.png")):
        yield f'<figure><a href="{picture.name}"><img src="{picture.name}" alt=""></a>'
        yield f"<figcaption>{picture.stem}</figcaption></figure>"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="contact-sheet-"))
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running(*two_free_ports(), Path(data)) as started:
        asyncio.run(main(target, started))
    print(target / "index.html")
