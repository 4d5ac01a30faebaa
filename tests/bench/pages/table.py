"""Turns visits into the table of docs/benchmarks.md. Pure: knows no browser and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from tests.bench.pages.compressing import Bytes
from tests.bench.pages.measuring import Visit
from tests.bench.pages.tasks import LONG

_HEAD = (
    "page",
    "layout shift",
    "long tasks",
    "longest task, ms",
    "all tasks, ms",
    "banner seen, ms",
    "answer, ms",
    "raw",
    "gzip",
    "brotli",
)


class Row(NamedTuple):
    """One variant: its bytes, and its visits on a fast processor and on a slow one."""

    name: str
    bytes: Bytes
    fast: Sequence[Visit]
    slow: Sequence[Visit]


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown, medians throughout; the second of two figures is the slow processor's."""
    lines = [_line(_HEAD), "|---" + "|--:" * (len(_HEAD) - 1) + "|"]
    return "\n".join([*lines, *(_line(_cells(row)) for row in rows)])


def longest(visit: Visit) -> float:
    """The longest of a visit's tasks."""
    return max(visit.tasks)


def _cells(row: Row) -> list[str]:
    each = [_figures(visits) for visits in (row.fast, row.slow)]
    return [row.name, *(" / ".join(both) for both in zip(*each, strict=True)), *(f"{n:,}" for n in row.bytes)]


def _figures(visits: Sequence[Visit]) -> list[str]:
    return [
        f"{median(visit.shift for visit in visits):.3f}",
        _middle(sum(task > LONG for task in visit.tasks) for visit in visits),
        _middle(longest(visit) for visit in visits),
        _middle(sum(visit.tasks) for visit in visits),
        _middle(visit.banner for visit in visits),
        _middle(visit.answer for visit in visits),
    ]


def _middle(values: Iterable[float | None]) -> str:
    there = [value for value in values if value is not None]
    return f"{median(there):,.0f}" if there else "-"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
