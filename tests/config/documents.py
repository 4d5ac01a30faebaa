"""Generated TOML documents that know on which line each of their keys stands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from hypothesis import strategies as st

from consent_service.config.key_lines import Path

KEYS = st.sampled_from(
    ["a", "b", "key-1", "2", "d.e", "with space", "ü", 'quo"te', "back\\slash", "#", "[x]", ""]
)
SCALARS = st.one_of(
    st.integers(-(2**40), 2**40),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(date(1970, 1, 1)),
    st.just(datetime.fromisoformat("2026-01-31 07:32:00")),
    st.just(time(7, 32)),
    st.sampled_from(
        ["", "plain", "]", "}, {", "# no comment", "a = 1", 'quo"te', "two\nlines", "\n\n", "'", '""', "\\"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
TABLES = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=4),
    lambda inner: st.dictionaries(KEYS, VALUES | inner | st.lists(inner, min_size=1, max_size=3), max_size=4),
    max_leaves=5,
)


@dataclass
class Document:
    """Writes one document in styles that `data` draws; `lines` is where each path was written."""

    data: st.DataObject
    text: str = ""
    lines: dict[Path, int] = field(default_factory=dict)

    def chance(self) -> bool:
        return self.data.draw(st.booleans())

    def write(self, text: str, *paths: Path) -> None:
        for path in paths:
            self.lines.setdefault(path, self.text.count("\n") + 1)
        self.text += text

    def table(self, table: dict[str, Any], path: Path = (), header: tuple[str, ...] = ()) -> None:
        """The table's plain pairs first (TOML has no way back), then its tables and arrays of tables."""
        later = [key for key, value in table.items() if self.as_header(value) and self.chance()]
        for key in table.keys() - set(later):
            self.pair(key, table[key], (*path, key))
        for key in later:
            self.headed(table[key], (*path, key), (*header, key))

    def as_header(self, value: Any) -> bool:
        return isinstance(value, dict) or bool(
            isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        )

    def headed(self, value: Any, path: Path, header: tuple[str, ...]) -> None:
        name = self.data.draw(st.sampled_from([".", " . "])).join(self.key(key) for key in header)
        if isinstance(value, dict):
            self.write(f"[{name}]  # comment\n", path)
            return self.table(value, path, header)
        for place, item in enumerate(value):
            self.write(f"[[{name}]]\n", path, (*path, place))
            self.table(item, (*path, place), header)
        return None

    def pair(self, key: str, value: Any, path: Path, end: str = "\n") -> None:
        self.filler()
        if isinstance(value, dict) and len(value) == 1 and self.chance():
            self.dotted(key, value, path, end)
        else:
            self.write(f"{self.key(key)} = ", path)
            self.value(value, path)
            self.write(end)

    def dotted(self, key: str, value: dict[str, Any], path: Path, end: str) -> None:
        [(inner, innermost)] = value.items()
        self.write(f"{self.key(key)}.{self.key(inner)} = ", path, (*path, inner))
        self.value(innermost, (*path, inner))
        self.write(end)

    def value(self, value: Any, path: Path) -> None:
        match value:
            case dict():
                self.write("{ ")
                for count, (key, inner) in enumerate(value.items()):
                    self.write(", " if count else "")
                    self.write(f"{self.key(key)} = ", (*path, key))
                    self.value(inner, (*path, key))
                self.write(" }")
            case list():
                self.array(value, path)
            case _:
                self.write(self.scalar(value))

    def array(self, items: list[Any], path: Path) -> None:
        self.write("[")
        for place, item in enumerate(items):
            self.write(self.data.draw(st.sampled_from(["", " ", "\n", " # ], comment\n\n  "])))
            self.write("", (*path, place))
            self.value(item, (*path, place))
            self.write("," if place < len(items) - 1 or self.chance() else "")
        self.write(self.data.draw(st.sampled_from(["]", "\n]", " # x\n]"])))

    def scalar(self, value: Any) -> str:
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, bool):
            return str(value).lower()
        return value.isoformat(" ") if isinstance(value, datetime) else str(value)

    def string(self, value: str) -> str:
        styles = [json.dumps(value)]
        if "'" not in value and "\n" not in value:
            styles.append(f"'{value}'")
        if "'" not in value:
            styles.append(f"'''\n{value}'''")
        if "\\" not in value:
            styles.append(f'"""\n{value}"""')
        return self.data.draw(st.sampled_from(styles))

    def key(self, key: str) -> str:
        bare = key.replace("-", "").isascii() and key.replace("-", "").isalnum()
        styles = [json.dumps(key), *([f"'{key}'"] if "'" not in key else []), *([key] if bare else [])]
        return self.data.draw(st.sampled_from(styles))

    def filler(self) -> None:
        self.write(self.data.draw(st.sampled_from(["", "\n", "# [comment]\n", "  \t\n\n"])))
