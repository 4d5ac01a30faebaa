"""Markdown: the few shapes that every generated page is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

MADE: Final = "This page is made from the code; `make reference` writes it again."


def page(title: str, *blocks: str) -> str:
    """Return a page: its title, the note that it is generated, and blocks with an empty line between them."""
    return "\n\n".join((f"# {title}", MADE, *(block.strip("\n") for block in blocks if block))) + "\n"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table. Cells may hold Markdown; a `|` in them is escaped."""
    names = tuple(header)
    lines = [_row(names), "|" + "---|" * len(names), *(_row(cells) for cells in rows)]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", r"\|").split()) for cell in cells) + " |"


def code(text: object) -> str:
    """Return a text as code, "" as nothing."""
    return f"`{text}`" if str(text) else ""


def words_for(page_name: str, there: Collection[str], words: Mapping[str, object]) -> None:
    """Raise KeyError if a row of the code has no words on this page, or words have no row any more."""
    if differing := set(there) ^ set(words):
        raise KeyError(f"{page_name}: the code and the page's words differ in {', '.join(sorted(differing))}")
