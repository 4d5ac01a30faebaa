"""Pages: the README and `docs/` as texts, with the blocks, commands and links in them."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2

ROOT: Final = Path(__file__).resolve().parents[2]
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND_ROW: Final = re.compile(r"^\| ((?:`[a-z][^`]*`(?:, )?)+) \|", re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


def read(page: str) -> str:
    """Return the text of a page by its path from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def paths() -> list[str]:
    """Return the path of every page that users read."""
    found = [
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a language on a page."""
    return [text for named, text in _BLOCK.findall(read(page)) if named == language]


def shell_lines(page: str) -> Iterator[list[str]]:
    """Yield the words of each line of a page's `sh` blocks, without comments."""
    for block in blocks(page, "sh"):
        yield from (shlex.split(line, comments=True) for line in block.splitlines())


def arguments(words: list[str]) -> list[str] | None:
    """Return the words after `consent-service` on a line, or None where the line runs something else."""
    program = next((place for place, word in enumerate(words) if "=" not in word), len(words))
    is_ours = program < len(words) and Path(words[program]).name == "consent-service"
    return words[program + 1 :] if is_ours else None


def commands() -> list[str]:
    """Return every command line of the service on any page: in blocks, in sentences, in the table of commands."""
    lines: set[str] = set()
    for page in paths():
        lines |= {shlex.join(given) for words in shell_lines(page) if (given := arguments(words))}
        lines |= set(re.findall(r"`consent-service ([a-z][^`>]+?)(?: > [^`]+)?`", read(page)))
        lines |= {f"demo {options}" for options in re.findall(r'DEMO="([^"]+)"', read(page))}
    for row in _COMMAND_ROW.findall(read("docs/operate/commands.md")):
        for command in re.findall(r"`([^`]+)`", row):
            lines.add(command)
    return sorted(lines)


def calls(page: str) -> list[httpx2.Request]:
    """Return the `curl` lines of a page as requests."""
    parser = ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    lines = [parser.parse_args(words[1:]) for words in shell_lines(page) if words[:1] == ["curl"]]
    return [
        httpx2.Request(
            "POST" if line.d else "GET",
            line.url,
            headers=dict(header.split(": ", 1) for header in line.H),
            content=line.d,
        )
        for line in lines
    ]


def links(page: str) -> list[str]:
    """Return the targets of a page's links to other files of the repository, code left out."""
    prose = re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", read(page)))
    return [target for target in _LINK.findall(prose) if not re.match(r"https?:|mailto:", target)]


def anchors(page: str) -> set[str]:
    """Return the fragments that lead to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", read(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def cells(page: str) -> list[list[str]]:
    """Return the rows of a page's tables as lists of cells, headers and rules included."""
    rows = re.findall(r"^\| (.*) \|$", read(page), re.MULTILINE)
    return [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r" (?<!\\)\|(?: |$)", row)] for row in rows
    ]
