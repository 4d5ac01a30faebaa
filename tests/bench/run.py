"""The bench: the flag and the choices against empty servers, side by side on one machine, in one run.

`make bench` runs it, `make bench-redis` over Redis; `python -m tests.bench.run --rounds 6 --seconds 5` says how
long, and `--against COMMAND` compares with another version's `consent-service` in the same rounds. Prints the
README's table. The load has one core and the server the other; every variant is driven in every round, with the
same request but for what it presents, and shares are medians of same-round ratios, since such machines drift.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.bench import report
from tests.bench.machine import LOAD_CORE, awake, stolen_seconds
from tests.bench.report import Measurement
from tests.bench.stores import STORES
from tests.bench.variants import EMPTY, Stand, Variant

EARLIER: Final = "earlier: "


def main(arguments: Sequence[str]) -> None:
    """Start everything, drive it in rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--stores", nargs="+", choices=STORES, default=["sqlite"])
    parser.add_argument(
        "--against", metavar="COMMAND", help="another version's consent-service, in the same rounds"
    )
    asked = parser.parse_args(arguments)
    os.sched_setaffinity(0, {LOAD_CORE})
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        variants = prepared(Path(folder), asked.stores, stack)
        earlier = another_version(Path(folder, "earlier"), asked.stores, asked.against, stack)
        stack.enter_context(awake())
        stolen = stolen_seconds()
        rounds = [one_round([*variants, *earlier], number, asked.seconds) for number in range(asked.rounds)]
        stolen = stolen_seconds() - stolen
    print(summary(variants, rounds))
    for variant in earlier:
        print(report.against(rounds, variant.name.removeprefix(EARLIER), variant.name))
    if asked.stores != ["sqlite"]:
        print("Redis servers ran on the load's core.")
    print(f"The host took {stolen:.1f} s of the two cores meanwhile.")


def prepared(folder: Path, stores: Sequence[str], stack: contextlib.ExitStack) -> list[Variant]:
    """Every variant, its server running."""
    stand = Stand(folder, stack)
    over = [variant for name in stores for variant in stand.over(stack.enter_context(STORES[name](folder)))]
    return [*stand.empty(over[0]), *over]


def another_version(
    folder: Path, stores: Sequence[str], command: str | None, stack: contextlib.ExitStack
) -> list[Variant]:
    """The same variants of another version's service, over stores of its own; none without its command."""
    if command is None:
        return []
    folder.mkdir()
    stand = Stand(folder, stack, command)
    opened = [stack.enter_context(STORES[name](folder))._replace(also_without=False) for name in stores]
    return [
        replace(variant, name=EARLIER + variant.name) for store in opened for variant in stand.over(store)
    ]


def one_round(variants: Sequence[Variant], number: int, seconds: int) -> dict[str, Measurement]:
    """Each variant once, beginning with another one in every round."""
    turn = number % len(variants)
    measured = {}
    for variant in (*variants[turn:], *variants[:turn]):
        measured[variant.name] = variant.measure(seconds)
        figures = measured[variant.name]
        print(f"round {number + 1}: {variant.name}: {figures.rate:,.0f}/s, {figures.cpu:.1f} µs", flush=True)
    return measured


def summary(variants: Sequence[Variant], rounds: Sequence[Mapping[str, Measurement]]) -> str:
    """The table, the choices and the noise."""
    base = report.fastest(rounds, EMPTY)
    flags = report.table([report.row(rounds, v.name, base, v.goal) for v in variants if not v.writes])
    choices = [report.choices(rounds, v.name, v.goal) for v in variants if v.writes]
    noise = f"over {len(rounds)} rounds the {base} itself strayed by {report.spread(rounds, base):.0%}."
    return "\n".join([flags, "", *choices, f"Noise: {noise}"])


if __name__ == "__main__":
    main(sys.argv[1:])
