"""Figures: what the README and the pages say of speed and weight stands in a table that a bench printed."""

from __future__ import annotations

import re

import pytest

from tests.bench import documents
from tests.bench.documents import BENCHMARKS, ROOT, MarkerMissing

_FIGURE = re.compile(r"(?<![\w.,`/])(?:\d{1,3}(?:,\d{3})+|\d+\.\d+)(?![\w.])")
_SETTINGS = {"1,000", "10,000", "100,000", "50,000", "2.2.1", "0.97"}
"""Numbers that say how was measured, or what is asked for."""


def figures(text: str) -> set[str]:
    """Return the numbers with a fraction or with thousands in a text."""
    return set(_FIGURE.findall(text))


def printed() -> set[str]:
    """Return the figures of all marked tables."""
    return figures("\n".join(documents.blocks(BENCHMARKS.read_text()).values()))


def test_every_figure_of_the_readme_is_in_a_table_that_a_bench_printed() -> None:
    numbers = (ROOT / "README.md").read_text().partition("## Numbers")[2].partition("\n## ")[0]
    quoted = figures(numbers)
    assert quoted
    assert not quoted - printed()


def test_every_figure_beside_the_tables_of_the_benchmarks_is_in_one_of_them() -> None:
    beside = figures(documents.outside(BENCHMARKS.read_text()))
    assert not beside - printed() - _SETTINGS


@pytest.mark.parametrize(
    "name",
    ["flags", "curve", "memory", "choices", "latency", "redis-flags", "redis-choices", "peers", "pages"],
)
def test_each_table_that_a_bench_prints_has_a_place(name: str) -> None:
    assert documents.blocks(BENCHMARKS.read_text())[name]


def test_a_table_is_filled_into_its_place_and_nothing_else_changes() -> None:
    text = (
        "one\n<!-- bench: a -->\nold\n<!-- /bench -->\ntwo\n<!-- bench: b -->\nkept\n<!-- /bench -->\nend\n"
    )
    new = documents.filled(text, {"a": r"| \1 | new |"})
    assert new == text.replace("old", r"| \1 | new |")
    assert documents.blocks(new) == {"a": r"| \1 | new |", "b": "kept"}
    assert documents.outside(new) == documents.outside(text)


def test_a_table_without_a_place_is_refused_before_anything_is_written() -> None:
    with pytest.raises(MarkerMissing, match="bench: c"):
        documents.filled("<!-- bench: a -->\nx\n<!-- /bench -->", {"a": "y", "c": "z"})
