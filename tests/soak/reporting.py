"""Reporting: what came of a run as a table, ready for docs/benchmarks.md. Knows no choices and no blows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table


def show(names: Sequence[str], rows: Iterable[tuple[Sequence[str], Mapping[str, float]]]) -> None:
    """Print a row for each: what it is called, under `names`, and its numbers, each under its own."""
    found = list(rows)
    table = Table(box=box.MARKDOWN)
    for name in names:
        table.add_column(name)
    for column in dict.fromkeys(column for _, numbers in found for column in numbers):
        table.add_column(column, justify="right")
    for called, numbers in found:
        table.add_row(*called, *map(_written, numbers.values()))
    Console(width=200).print("\n", table)


def _written(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:.2f}"
