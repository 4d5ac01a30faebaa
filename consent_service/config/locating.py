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


def locate(text: str) -> Mapping[Path, int]:
    """The line (from 1) on which each key and each array's item stands; a table's is its first mention."""
    return _Scanner(text).document()


def nearest(lines: Mapping[Path, int], path: Path) -> int:
    """The line of the path, or of the innermost table around it that has one; 0 = the document itself."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def dotted(path: Path) -> str:
    """The path as TOML writes it, with places in arrays as `[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else f'"{part}"')
    return text


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}  # how many [[tables]] each array of tables has so far

    def document(self) -> Mapping[Path, int]:
        table: Path = ()
        while self._next():
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> Path:
        start, opening = self._at, self._take("[[") or self._take("[")
        keys = self._keys()
        path: Path = ()
        self._next()
        self._at += len(opening)
        for key in keys[:-1]:
            path = self._entered(path, key, start)
        if opening == "[":
            return self._entered(path, keys[-1], start)
        path = self._mark((*path, keys[-1]), start)
        self._tables[path] = self._tables.get(path, 0) + 1
        return self._mark((*path, self._tables[path] - 1), start)

    def _entered(self, path: Path, key: str, start: int) -> Path:
        """The table of this key; in an array of tables that is the one opened last."""
        path = self._mark((*path, key), start)
        return (*path, self._tables[path] - 1) if path in self._tables else path

    def _pair(self, table: Path) -> None:
        start, path = self._at, table
        for key in self._keys():
            path = self._mark((*path, key), start)
        self._next()
        self._take("=")
        self._next()
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._take("["):
            place = 0
            while not self._closed("]"):
                self._mark((*path, place), self._at)
                self._value((*path, place))
                place += 1
        elif self._take("{"):
            while not self._closed("}"):
                self._pair(path)
        else:
            self._match(_STRING) or self._match(_SCALAR)

    def _closed(self, bracket: str) -> bool:
        self._next()
        self._take(",")
        self._next()
        return bool(self._take(bracket))

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while not keys or self._take("."):
            self._next()
            raw = self._match(_STRING)
            keys.append(tomllib.loads(f"key = {raw}")["key"] if raw else self._match(_BARE_KEY))
            self._next()
        return keys

    def _mark(self, path: Path, at: int) -> Path:
        """Note the line of the path; what lies too deep counts as the table around it."""
        path = path[:_DEEPEST]
        self._lines.setdefault(path, bisect_right(self._newlines, at) + 1)
        return path

    def _next(self) -> bool:
        """Go to what is neither blank nor a comment; whether there is any."""
        self._match(_BLANK)
        return self._at < len(self._text)

    def _take(self, literal: str) -> str:
        if not self._text.startswith(literal, self._at):
            return ""
        self._at += len(literal)
        return literal

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found[0] if found else ""
