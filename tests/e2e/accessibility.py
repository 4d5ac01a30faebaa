"""Accessibility: what axe-core finds on a page as it stands, shadow roots included."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

_AXE = Path(__file__).resolve().parents[2] / "widget" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => (await axe.run()).violations.flatMap(({id, nodes}) =>
  nodes.map(({target, failureSummary}) => `${id} at ${target.join(" ")}: ${failureSummary}`))"""


async def complaints(page: Page) -> list[str]:
    """Every violation with its element and what would mend it. Evaluated, so that no policy stands in the way."""
    assert _AXE.exists(), f"{_AXE} is missing: `make setup` installs it"
    await page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: list[str] = await page.evaluate(_RUN)
    return found
