"""The bench's tables by name, and the notes below them. Pure but for the description of the machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from tests.bench import documents, machine, report
from tests.bench.report import Line, Rounds
from tests.bench.variants import ASGI, CACHED, EMPTY, Kind, Variant

CURVE_FROM: Final = 10_000
CURVE_GOALS: Final = {40_000: 0.95, 100_000: 0.85, 1_000_000: 0.45}
_BUSY: Final = 0.9


def tables(rounds: Rounds, variants: Sequence[Variant], cache_megabytes: float | None) -> dict[str, str]:
    """Return the tables of flags and of choices, and the curve over the numbers of visitors if it was measured."""
    flags = [variant.line for variant in variants if variant.kind is not Kind.CHOICE]
    choices = [variant.line for variant in variants if variant.kind is Kind.CHOICE]
    found = {"flags": report.flags(rounds, flags, EMPTY)}
    steps = curve_lines(flags)
    if steps:
        found["curve"] = report.curve(rounds, steps[1:], steps[0])
    if cache_megabytes is not None:
        size = f"A worker with {CACHED:,} records in its cache has {cache_megabytes:.0f} MB more than an idle one."
        found["memory"] = size
    if choices:
        found["choices"] = report.choices(rounds, choices, ASGI)
    return found


def curve_lines(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of the variant that was driven with `CURVE_FROM` visitors, from that number on, with goals."""
    for name in {line.name: None for line in lines if line.visitors == CURVE_FROM}:
        steps = [line for line in lines if line.name == name and (line.visitors or 0) >= CURVE_FROM]
        return [line._replace(goal=CURVE_GOALS.get(line.visitors or 0)) for line in steps]
    return []


def notes(rounds: Rounds, asked: argparse.Namespace, stolen: float) -> str:
    """Return the lines below a table of the bench: commit, machine, rounds, noise."""
    lines = [
        machine_note(rounds, asked.seconds, stolen),
        f"The empty ASGI app varied by {report.spread(rounds, ASGI):.0%}.",
    ]
    if asked.stores != ["sqlite"]:
        lines.append("Redis servers ran on the load's core.")
    return " ".join(lines)


def machine_note(rounds: Rounds, seconds: int, stolen: float) -> str:
    """Return the lines below any table: commit, machine, rounds."""
    lines = [
        f"Commit {documents.commit()}. {machine.description()}. {len(rounds)} rounds of {seconds} s, medians with",
        f"the least and the greatest. The host took {stolen:.1f} s of the cores meanwhile.",
    ]
    if hurried := report.hurried(rounds, _BUSY):
        lines.append(f"The load's generator was at its limit in: {', '.join(hurried)}.")
    return " ".join(lines)
