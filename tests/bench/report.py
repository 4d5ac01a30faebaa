"""Turns measurements into the tables of docs/benchmarks.md. Pure: knows no process and no clock.

A round measures every variant once. Shares and ratios are those of one round, since machines drift; a figure is the
median over the rounds, with the least and the greatest behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Measurement(NamedTuple):
    """One variant in one round."""

    rate: float  # answers a second
    cpu: float  # the server's CPU, µs an answer
    busy: float = 0.0  # share of its core that the load's generator used


Rounds = Sequence[Mapping[str, Measurement]]


class Line(NamedTuple):
    """One variant's line in a table. `visitors`: how many they are drawn from; `goal` None: there is none."""

    name: str
    visitors: int | None = None
    goal: float | None = None

    @property
    def key(self) -> str:
        """Its name among the measurements: one of its own for each number of visitors."""
        return self.name if self.visitors is None else f"{self.name} ({self.visitors:,} visitors)"


class Figure(NamedTuple):
    """Median, least and greatest of one figure over the rounds."""

    middle: float
    low: float
    high: float

    def text(self, form: str = ",.0f") -> str:
        """Return `middle (low-high)`."""
        return f"{self.middle:{form}} ({self.low:{form}}-{self.high:{form}})"


def figure(values: Sequence[float]) -> Figure:
    """Return the figure of these values, one of each round."""
    return Figure(median(values), min(values), max(values))


def rate(rounds: Rounds, name: str) -> Figure:
    """Answers a second."""
    return figure([measured[name].rate for measured in rounds])


def cpu(rounds: Rounds, name: str) -> Figure:
    """The server's CPU time, in µs an answer."""
    return figure([measured[name].cpu for measured in rounds])


def share(rounds: Rounds, name: str, base: str) -> Figure:
    """Ratio of the rates of two variants in the same round."""
    return figure([measured[name].rate / measured[base].rate for measured in rounds])


def times_cpu(rounds: Rounds, name: str, base: str) -> Figure:
    """Ratio of the CPU times of two variants in the same round."""
    return figure([measured[name].cpu / measured[base].cpu for measured in rounds])


def flags(rounds: Rounds, lines: Sequence[Line], bases: Sequence[str]) -> str:
    """Return the table of flags, with each one's shares of the empty applications `bases`. Goals are of the first."""
    heads = ["variant", "visitors", "answers/s", "CPU µs", *(f"share of {base}" for base in bases), "goal"]
    cells = [
        [
            line.name,
            "" if line.visitors is None else f"{line.visitors:,}",
            rate(rounds, line.key).text(),
            cpu(rounds, line.key).text(".1f"),
            *(share(rounds, line.key, base).text(".2f") for base in bases),
            _goal(line, "≥ {:.2f}"),
        ]
        for line in lines
    ]
    return table(heads, cells)


def curve(rounds: Rounds, lines: Sequence[Line], base: Line) -> str:
    """Return the table of rates against those of `base`, which has another number of visitors."""
    heads = ["visitors", f"rate against {base.visitors:,} visitors", "goal"]
    cells = [
        [f"{line.visitors:,}", share(rounds, line.key, base.key).text(".2f"), _goal(line, "≥ {:.2f}")]
        for line in lines
    ]
    return table(heads, cells)


def choices(rounds: Rounds, lines: Sequence[Line], base: str) -> str:
    """Return the table of choices. Goals are in CPU times of the empty application `base`."""
    heads = ["variant", "choices/s", "CPU µs", f"times the CPU of {base}", "goal"]
    cells = [
        [
            line.name,
            rate(rounds, line.key).text(),
            cpu(rounds, line.key).text(),
            times_cpu(rounds, line.key, base).text(".1f"),
            _goal(line, "≤ {:.0f}"),
        ]
        for line in lines
    ]
    return table(heads, cells)


def against(rounds: Rounds, pairs: Sequence[tuple[str, str]]) -> str:
    """Return the table of pairs: each name's medians over those of its other, and the range over the rounds."""
    heads = ["variant", "ratio of rates", "in one round", "ratio of CPU times", "in one round"]
    cells = []
    for name, other in pairs:
        rates, cpus = share(rounds, name, other), times_cpu(rounds, name, other)
        cells.append(
            [
                name,
                f"{rate(rounds, name).middle / rate(rounds, other).middle:.2f}",
                rates.text(".2f"),
                f"{cpu(rounds, name).middle / cpu(rounds, other).middle:.2f}",
                cpus.text(".2f"),
            ]
        )
    return table(heads, cells)


def spread(rounds: Rounds, name: str) -> float:
    """Range of one variant's rate over the rounds as a part of its median: the noise."""
    rates = rate(rounds, name)
    return (rates.high - rates.low) / rates.middle


def hurried(rounds: Rounds, most: float) -> list[str]:
    """Return the variants in which the generator used more than this share of its core, and so may be the limit."""
    return [name for name in rounds[0] if median(measured[name].busy for measured in rounds) > most]


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown; all columns but the first are figures."""
    rows = [heads, ["---", *["--:"] * (len(heads) - 1)], *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _goal(line: Line, form: str) -> str:
    return "" if line.goal is None else form.format(line.goal)
