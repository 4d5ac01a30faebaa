"""Waits: what a run of the open-loop generator comes to, and the table of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final, NamedTuple

from tests.bench.report import Figure, figure
from tests.bench.report import table as markdown

TOO_LONG: Final = 0.05
"""Seconds that nothing may make a flag wait."""


class Waits(NamedTuple):
    """Waits of one stream, in ms. `late`: the 99th percentile of the generator's own delay in sending."""

    requests: int
    half: float
    p99: float
    worst: float
    too_long: int
    late: float
    refused: int = 0
    broken: int = 0


def waits(seconds: Sequence[float], late: Sequence[float], refused: int = 0, broken: int = 0) -> Waits:
    """Return the figures of these waits, in seconds. Raises ValueError when there are none."""
    if not seconds:
        raise ValueError("not one request fell due")
    ordered = sorted(seconds)
    return Waits(
        len(ordered),
        percentile(ordered, 0.5) * 1e3,
        percentile(ordered, 0.99) * 1e3,
        ordered[-1] * 1e3,
        sum(wait > TOO_LONG for wait in ordered),
        percentile(sorted(late), 0.99) * 1e3 if late else 0.0,
        refused,
        broken,
    )


def percentile(ordered: Sequence[float], part: float) -> float:
    """Return the least value that at least this part of the ordered values does not exceed."""
    return ordered[max(1, ceil(part * len(ordered))) - 1]


def table(phases: Mapping[str, tuple[float, Sequence[Waits]]]) -> str:
    """Return the table: of each phase the rate a second at which requests fell due, and the waits of its rounds."""
    heads = [
        "what",
        "a second",
        "requests",
        "p50, ms",
        "p99, ms",
        "worst, ms",
        "over 50 ms",
        "sent late, p99, ms",
    ]
    cells = [
        [
            name,
            f"{rate:,.0f}" if rate else "at once",
            f"{sum(each.requests for each in rounds):,}",
            *(_text([each[column] for each in rounds]) for column in (1, 2, 3)),
            f"{sum(each.too_long for each in rounds):,}",
            _text([each.late for each in rounds]),
        ]
        for name, (rate, rounds) in phases.items()
    ]
    return markdown(heads, cells)


def _text(values: Sequence[float]) -> str:
    found: Figure = figure(values)
    return found.text(",.1f")
