"""Reference pages: the parts of `docs/` that are made from the code, one module a page. `make reference` writes them.

A generator reads the package's own tables, so a new row shows on its page. Where a page needs words that the code
does not hold, its module has a table of them, and a row without words is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from consent_service.config import reference as configuration
from reference import calls, commands, gpp_sections, jurisdictions, metrics, problems, rules

ROOT: Final = Path(__file__).resolve().parents[2]
RENDERED: Final[dict[str, Callable[[], str]]] = {
    "docs/reference/calls.md": calls.render,
    "docs/reference/commands.md": commands.render,
    "docs/reference/configuration.md": configuration.render,
    "docs/reference/gpp-sections.md": gpp_sections.render,
    "docs/reference/jurisdictions.md": jurisdictions.render,
    "docs/reference/metrics.md": metrics.render,
    "docs/reference/problems.md": problems.render,
    rules.PAGE: lambda: rules.render(ROOT),
}
"""Generator of each page, by the page's path from the root."""
