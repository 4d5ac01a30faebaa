"""The locator agrees with the standard library's parser on structure, and with the writer on lines."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.config.key_lines import Path, dotted_path, lines_of_keys, nearest_line
from tests.config.documents import TABLES, Document


def paths(value: Any, path: Path = ()) -> set[Path]:
    """Every path of a parsed document."""
    found = {path} if path else set()
    if isinstance(value, dict):
        return found.union(*(paths(inner, (*path, key)) for key, inner in value.items()))
    if isinstance(value, list):
        return found.union(*(paths(inner, (*path, place)) for place, inner in enumerate(value)))
    return found


@given(TABLES, st.data())
def test_each_key_of_any_document_is_found_on_the_line_it_was_written_on(
    table: dict[str, Any], data: st.DataObject
) -> None:
    document = Document(data)
    document.table(table)
    assert tomllib.loads(document.text) == table
    lines = lines_of_keys(document.text)
    assert set(lines) == paths(table)
    assert lines == document.lines


EXAMPLE = '''\
title = "x" # not a [header]
[a.b]
"c.d" = [
  1,
  [2, 3], # ]
  """
  ]
  """,
]
e.f = { g = 1, h.i = "}" }
[[s]]
n = 1
[[s]]
[s.t]
n = """a"""""
[[s.u]]
[[s.u]]
n = 07:32:00
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("a",), 2),
        (("a", "b", "c.d"), 3),
        (("a", "b", "c.d", 0), 4),
        (("a", "b", "c.d", 1, 1), 5),
        (("a", "b", "c.d", 2), 6),
        (("a", "b", "e", "f", "h", "i"), 10),
        (("s",), 11),
        (("s", 0, "n"), 12),
        (("s", 1), 13),
        (("s", 1, "t", "n"), 15),
        (("s", 1, "u", 1, "n"), 18),
    ],
)
def test_a_key_is_found_in_every_style_that_toml_has(path: Path, line: int) -> None:
    assert lines_of_keys(EXAMPLE)[path] == line


def test_the_example_holds_no_other_keys_than_the_parser_sees() -> None:
    assert set(lines_of_keys(EXAMPLE)) == paths(tomllib.loads(EXAMPLE))


def test_lines_are_counted_in_files_with_carriage_returns_too() -> None:
    assert lines_of_keys("a = 1\r\n# x\r\n[b]\r\nc = [\r\n 1]\r\n")[("b", "c", 0)] == 5


def test_a_key_that_is_not_there_is_placed_at_the_table_that_lacks_it() -> None:
    lines = lines_of_keys("\n[a]\nb = 1\n")
    assert nearest_line(lines, ("a", "missing", 3, "x")) == 2
    assert nearest_line(lines, ("missing",)) == 0


def test_a_path_is_written_as_toml_writes_it() -> None:
    assert dotted_path(("sites", "acme", "origins", 1)) == "sites.acme.origins[1]"
    assert dotted_path(("sites", "a b", "x")) == 'sites."a b".x'
