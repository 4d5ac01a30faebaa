"""Turns measurements into the table of docs/benchmarks.md. Pure: knows no process and no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Measurement(NamedTuple):
    """One variant in one round."""

    rate: float  # answers a second
    cpu: float  # the server's CPU, µs an answer


class Row(NamedTuple):
    """One variant over all rounds."""

    name: str
    rate: float
    cpu: float
    share: float
    lowest: float
    highest: float
    goal: float | None


def fastest(rounds: Sequence[Mapping[str, Measurement]], names: Sequence[str]) -> str:
    """The variant with the highest median rate."""
    return max(names, key=lambda name: median(measured[name].rate for measured in rounds))


def row(rounds: Sequence[Mapping[str, Measurement]], name: str, base: str, goal: float | None = None) -> Row:
    """The median of same-round ratios to `base`, so that a slow minute of the machine slows both."""
    shares = [measured[name].rate / measured[base].rate for measured in rounds]
    return Row(
        name,
        median(measured[name].rate for measured in rounds),
        median(measured[name].cpu for measured in rounds),
        median(shares),
        min(shares),
        max(shares),
        goal,
    )


def spread(rounds: Sequence[Mapping[str, Measurement]], name: str) -> float:
    """Return the noise: how far one variant's rate strayed over the rounds, as a part of its median."""
    rates = [measured[name].rate for measured in rounds]
    return (max(rates) - min(rates)) / median(rates)


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| variant | answers/s | server CPU µs an answer | share of the fastest empty app (range) | goal |",
        "|---|--:|--:|--:|--:|",
    ]
    for r in rows:
        goal = "" if r.goal is None else f"{r.goal:.2f}"
        share = f"{r.share:.2f} ({r.lowest:.2f}-{r.highest:.2f})"
        lines.append(f"| {r.name} | {r.rate:,.0f} | {r.cpu:.1f} | {share} | {goal} |")
    return "\n".join(lines)


def against(rounds: Sequence[Mapping[str, Measurement]], name: str, other: str) -> str:
    """Return one sentence: the medians of same-round ratios of one variant to another."""
    rates = [measured[name].rate / measured[other].rate for measured in rounds]
    cpus = [measured[name].cpu / measured[other].cpu for measured in rounds]
    return (
        f"{name} / {other}: rate {median(rates):.2f} ({min(rates):.2f}-{max(rates):.2f}), "
        f"CPU {median(cpus):.2f} ({min(cpus):.2f}-{max(cpus):.2f})."
    )


def choices(rounds: Sequence[Mapping[str, Measurement]], name: str, goal: float | None) -> str:
    """One variant that writes, in a sentence."""
    rates = [measured[name].rate for measured in rounds]
    cpu = median(measured[name].cpu for measured in rounds)
    aim = "" if goal is None else f"; goal {goal:,.0f}/s"
    return (
        f"1,000 different User-Agents, {name}: {median(rates):,.0f}/s "
        f"({min(rates):,.0f}-{max(rates):,.0f}), {cpu:.0f} µs CPU each{aim}."
    )
