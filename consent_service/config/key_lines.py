"""Lines of the keys of a TOML document. The standard library gives only their values.

Reads documents that `tomllib` has accepted, so it looks for structure only and checks nothing. Knows
nothing of what the keys mean.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

Path = tuple[str | int, ...]
"""Keys, and places in arrays (from 0), from the document's root."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'  # up to two quotes may stand before the closing three
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_DEEPEST: Final = 32
"""Keys and places of a path that are told apart: no configuration has as many, and a path costs its own length."""
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")


def lines_of_keys(text: str) -> Mapping[Path, int]:
    """Return the line (from 1) of each key and each array's item; that of a table is its first mention."""
    return _KeyScanner(text).scan_document()


def nearest_line(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of the path, or of the innermost table around it that has one; 0 for the document
    itself.
    """
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def dotted_path(path: Path) -> str:
    """Return the path as TOML writes it, with places in arrays as `[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else f'"{part}"')
    return text


class _KeyScanner:
    """Scanner of one document's structure."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}  # how many [[tables]] each array of tables has so far

    def scan_document(self) -> Mapping[Path, int]:
        """Return the line of every key and item in the document."""
        table: Path = ()
        while self._skip_blank():
            if self._text[self._at] == "[":
                table = self._scan_header()
            else:
                self._scan_pair(table)
        return self._lines

    def _scan_header(self) -> Path:
        start, opening = self._at, self._take_literal("[[") or self._take_literal("[")
        keys = self._scan_keys()
        path: Path = ()
        self._skip_blank()
        self._at += len(opening)
        for key in keys[:-1]:
            path = self._enter_table(path, key, start)
        if opening == "[":
            return self._enter_table(path, keys[-1], start)
        path = self._mark_line((*path, keys[-1]), start)
        self._tables[path] = self._tables.get(path, 0) + 1
        return self._mark_line((*path, self._tables[path] - 1), start)

    def _enter_table(self, path: Path, key: str, start: int) -> Path:
        """Return the path of this key's table; in an array of tables, of the one opened last."""
        path = self._mark_line((*path, key), start)
        return (*path, self._tables[path] - 1) if path in self._tables else path

    def _scan_pair(self, table: Path) -> None:
        start, path = self._at, table
        for key in self._scan_keys():
            path = self._mark_line((*path, key), start)
        self._skip_blank()
        self._take_literal("=")
        self._skip_blank()
        self._scan_value(path)

    def _scan_value(self, path: Path) -> None:
        if self._take_literal("["):
            place = 0
            while not self._take_closing("]"):
                self._mark_line((*path, place), self._at)
                self._scan_value((*path, place))
                place += 1
        elif self._take_literal("{"):
            while not self._take_closing("}"):
                self._scan_pair(path)
        else:
            self._take_match(_STRING) or self._take_match(_SCALAR)

    def _take_closing(self, bracket: str) -> bool:
        self._skip_blank()
        self._take_literal(",")
        self._skip_blank()
        return bool(self._take_literal(bracket))

    def _scan_keys(self) -> list[str]:
        keys: list[str] = []
        while not keys or self._take_literal("."):
            self._skip_blank()
            raw = self._take_match(_STRING)
            keys.append(tomllib.loads(f"key = {raw}")["key"] if raw else self._take_match(_BARE_KEY))
            self._skip_blank()
        return keys

    def _mark_line(self, path: Path, at: int) -> Path:
        """Note the line of the path and return the path; paths beyond the depth limit are cut to it."""
        path = path[:_DEEPEST]
        self._lines.setdefault(path, bisect_right(self._newlines, at) + 1)
        return path

    def _skip_blank(self) -> bool:
        """Skip blanks and comments. Return False at the end of the document."""
        self._take_match(_BLANK)
        return self._at < len(self._text)

    def _take_literal(self, literal: str) -> str:
        if not self._text.startswith(literal, self._at):
            return ""
        self._at += len(literal)
        return literal

    def _take_match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match[0] if match else ""
