"""Takes pictures of all that visitors see, for people to look at: `python -m scripts.contact_sheet [FOLDER]`.

Every state, wide and narrow, light and dark, in English and Spanish; `index.html` and `sheet.png` show them all.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, Page, async_playwright

from tests.e2e.staging import Stage, opted_in, settings_of
from tests.e2e.visiting import Visitor, confirm_button, opt_out, part, visitor
from tests.support.chromium import browser
from tests.support.demo import Demo, running
from tests.support.ports import two_free_ports

Scheme = Literal["light", "dark"]
State = Callable[[Visitor, Stage], Awaitable[Page]]

WIDTHS: Final = (1280, 360)
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
LANGS: Final = ("en", "es")
HEIGHT: Final = 760


async def banner(person: Visitor, stage: Stage) -> Page:
    page = await stage.open(person)
    await part(page, "opt-out").wait_for()
    return page


async def box(person: Visitor, stage: Stage) -> Page:
    return await banner(person, replace(stage, facts='look = "box"'))


async def corner(person: Visitor, stage: Stage) -> Page:
    return await banner(person, replace(stage, facts='look = "corner"'))


async def opted_out(person: Visitor, stage: Stage) -> Page:
    page = await banner(person, stage)
    await opt_out(page)
    return page


async def link(person: Visitor, stage: Stage) -> Page:
    page = await banner(person, stage)
    await part(page, "close").click()
    await part(page, "link").focus()
    return page


async def settings(person: Visitor, stage: Stage) -> Page:
    page = await banner(person, replace(stage, facts="sensitive = true"))
    await settings_of(page)
    return page


async def asked(person: Visitor, stage: Stage) -> Page:
    page = await opted_out(person, replace(stage, facts="sensitive = true"))
    await settings_of(page)
    async with person.context.expect_page() as tab:
        await page.get_by_role("switch").first.click()
    await (await tab.value).close()
    await part(page, "confirm").wait_for()
    return page


async def signal(person: Visitor, stage: Stage) -> Page:
    await person.has_signal()
    page = await stage.open(person)
    await part(page, "settings").wait_for()
    return page


async def settings_with_signal(person: Visitor, stage: Stage) -> Page:
    page = await signal(person, stage)
    await part(page, "settings").click()
    return page


async def conflict(person: Visitor, stage: Stage) -> Page:
    await opted_in(person, stage)
    page = await stage.open(person)
    await part(page, "conflict").wait_for()
    return page


async def confirm(person: Visitor, stage: Stage) -> Page:
    page = await opted_out(person, stage)
    await settings_of(page)
    async with person.context.expect_page() as opened:
        await page.get_by_role("switch").click()
    tab = await opened.value
    await confirm_button(tab).wait_for()
    return tab


_ALL: Final = (banner, box, corner, opted_out, link, settings, asked, signal, settings_with_signal, conflict)
STATES: Final[Mapping[str, State]] = {state.__name__: state for state in (*_ALL, confirm)}


async def main(folder: Path, demo: Demo, states: Mapping[str, State]) -> None:
    """Every state in every way."""
    with tempfile.TemporaryDirectory() as profile:
        async with async_playwright() as driver, browser(driver, Path(profile), "allowed") as opened:
            for width, scheme, lang in product(WIDTHS, SCHEMES, LANGS):
                for name, state in states.items():
                    path = folder / f"{name}-{width}-{scheme}-{lang}.png"
                    await picture(opened, demo, state, path, (width, scheme, lang))
            (folder / "index.html").write_text("\n".join(sheet(folder, states)))
            page = await opened.new_page(viewport={"width": 2000, "height": 1000})
            await page.goto((folder / "index.html").resolve().as_uri())
            await page.screenshot(path=folder / "sheet.png", full_page=True)


async def picture(
    opened: Browser, demo: Demo, state: State, path: Path, seen: tuple[int, Scheme, str]
) -> None:
    width, scheme, lang = seen
    options = {"viewport": {"width": width, "height": HEIGHT}, "color_scheme": scheme, "locale": lang}
    async with visitor(opened, demo, **options) as person:
        page = await state(person, Stage(lang=lang))
        await page.bring_to_front()
        await page.screenshot(path=path)


def sheet(folder: Path, states: Mapping[str, State]) -> Iterator[str]:
    """A page with all pictures, a row for each state."""
    yield "<!doctype html><meta charset=utf-8><title>Contact sheet</title>"
    yield "<style>body{font:14px sans-serif;background:#777}div{display:flex;gap:8px}img{height:250px}</style>"
    for name in states:
        yield f"<h2>{name}</h2><div>"
        for picture in sorted(folder.glob(f"{name}-[0-9]*.png")):
            yield f'<a href="{picture.name}"><img src="{picture.name}" alt="{picture.stem}"></a>'
        yield "</div>"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="contact-sheet-"))
    target.mkdir(parents=True, exist_ok=True)
    wanted = {name: STATES[name] for name in sys.argv[2:] or STATES}
    with tempfile.TemporaryDirectory() as data, running(*two_free_ports(), Path(data)) as started:
        asyncio.run(main(target, started, wanted))
    print(target / "index.html")
