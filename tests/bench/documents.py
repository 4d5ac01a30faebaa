"""The places of the tables in docs/benchmarks.md: each stands between two markers that name it. Pure but for `write`.

`make bench WRITE=1` fills them in, so that no figure is typed by hand.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BENCHMARKS: Final = ROOT / "docs" / "benchmarks.md"
_BLOCK: Final = re.compile(r"<!-- bench: ([\w-]+) -->\n(.*?)<!-- /bench -->", re.DOTALL)


class MarkerMissing(LookupError):
    """A table has no place in the document."""


def filled(text: str, tables: Mapping[str, str]) -> str:
    """Return the document with these tables in their places. Raises MarkerMissing."""
    missing = tables.keys() - blocks(text).keys()
    if missing:
        raise MarkerMissing(f"no marker <!-- bench: {', '.join(sorted(missing))} --> in the document")

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        return f"<!-- bench: {name} -->\n{tables[name]}\n<!-- /bench -->" if name in tables else found[0]

    return _BLOCK.sub(fill, text)


def blocks(text: str) -> dict[str, str]:
    """Return what stands between the markers of each table."""
    return {name: block.strip() for name, block in _BLOCK.findall(text)}


def outside(text: str) -> str:
    """Return the document without its tables."""
    return _BLOCK.sub("", text)


def write(tables: Mapping[str, str], file: Path = BENCHMARKS) -> None:
    """Fill these tables into the file. Raises MarkerMissing."""
    file.write_text(filled(file.read_text(), tables))


def commit() -> str:
    """Return the short hash of the commit that is checked out, and a word when files differ from it."""
    short = _git("rev-parse", "--short=10", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs", ":!README.md")
    return f"{short} with uncommitted changes" if changed else short


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True
    ).stdout.strip()
