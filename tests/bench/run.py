"""The bench: flags and choices against empty servers, side by side on one machine, in one run.

`make bench` runs it, `make bench-redis` over Redis, `make bench-against COMMIT=…` beside another version. The load
has one core and the server the other; every variant is driven in every round, beginning with another one each time.
Prints the tables of docs/benchmarks.md; `--write` fills them in there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.bench import documents, latency, report, versions
from tests.bench.machine import LOAD_CORE, awake, stolen_seconds
from tests.bench.population import Population, fill_store, population
from tests.bench.report import Measurement, Rounds
from tests.bench.servers import SITE
from tests.bench.stores import POPULATIONS, STORES, Store
from tests.bench.tables import machine_note, notes, tables
from tests.bench.variants import Stand, Variant

EARLIER: Final = "earlier: "


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="length of one measurement")
    parser.add_argument("--visitors", type=int, default=max(POPULATIONS), help="most visitors to draw from")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=["sqlite"])
    parser.add_argument("--latency-rounds", type=int, default=2, help="0: measure no waits")
    parser.add_argument("--against", metavar="COMMAND", help="another version's consent-service")
    parser.add_argument("--commit", metavar="REVISION", help="the same, built from this commit")
    parser.add_argument("--write", action="store_true", help="fill the tables into docs/benchmarks.md")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> None:
    """Start everything, drive it in rounds, print the tables."""
    asked = arguments(words)
    visitors = population(SITE, asked.visitors)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = versions.command_of(asked.commit, folder / "version") if asked.commit else asked.against
        rounds, variants, stand, stolen = measured(folder, asked, visitors, command)
        if command:
            print(compared(rounds, variants, machine_note(rounds, asked.seconds, stolen)))
            return
        printed = tables(rounds, variants, stand.cache_megabytes if asked.stores == ["sqlite"] else None)
        if asked.latency_rounds and asked.stores == ["sqlite"]:
            (folder / "latency").mkdir()
            printed["latency"] = latency.table(folder / "latency", visitors, rounds, asked)
    foot = notes(rounds, asked, stolen)
    printed = {table_name(key, asked.stores): f"{table}\n\n{foot}" for key, table in printed.items()}
    for key, table in printed.items():
        print(f"\n{key}\n{table}")
    if asked.write:
        documents.write(printed)


def measured(
    folder: Path, asked: argparse.Namespace, visitors: Population, command: str | None
) -> tuple[Rounds, list[Variant], Stand, float]:
    """Return the rounds, the variants, their stand, and the seconds that the host took meanwhile."""
    with contextlib.ExitStack() as stack:
        stores = filled(folder, asked.stores, visitors, stack)
        os.sched_setaffinity(0, {LOAD_CORE})
        stand = Stand(folder, stack, visitors, brief=command is not None)
        over = [variant for store in stores for variant in stand.over(store)]
        variants = [*stand.empty(over[0].server), *over]
        earlier = another_version(folder / "earlier", asked.stores, visitors, command, stack)
        stack.enter_context(awake())
        stolen = stolen_seconds()
        every = list(paired(variants, earlier))
        rounds = [one_round(every, number, asked.seconds) for number in range(asked.rounds)]
        return rounds, every, stand, stolen_seconds() - stolen


def filled(
    folder: Path, names: Sequence[str], visitors: Population, stack: contextlib.ExitStack
) -> list[Store]:
    """Start these stores and put the visitors into each; on all cores, before the load has its own."""
    stores = [stack.enter_context(STORES[name](folder)) for name in names]
    for store in stores:
        fill_store(store.flags, SITE, visitors)
    return stores


def another_version(
    folder: Path,
    names: Sequence[str],
    visitors: Population,
    command: str | None,
    stack: contextlib.ExitStack,
) -> list[Variant]:
    """The same variants of another version's service, over stores of its own; none without its command."""
    if command is None:
        return []
    folder.mkdir()
    stores = filled(folder, names, visitors, stack)
    stand = Stand(folder, stack, visitors, command, brief=True)
    variants = [variant for store in stores for variant in stand.over(store)]
    return [replace(v, line=v.line._replace(name=EARLIER + v.line.name)) for v in variants]


def paired(variants: Sequence[Variant], earlier: Sequence[Variant]) -> Iterator[Variant]:
    """Yield each variant with the other version's right behind it."""
    others = {variant.key: variant for variant in earlier}
    for variant in variants:
        yield variant
        if (other := others.get(EARLIER + variant.key)) is not None:
            yield other


def one_round(variants: Sequence[Variant], number: int, seconds: int) -> dict[str, Measurement]:
    """Each variant once, beginning with another one in every round, and every other round backwards."""
    turn = number % len(variants)
    order = [*variants[turn:], *variants[:turn]]
    figures = {}
    for variant in order[:: -1 if number % 2 else 1]:
        one = figures[variant.key] = variant.measure(seconds)
        print(f"round {number + 1}: {variant.key}: {one.rate:,.0f}/s, {one.cpu:.1f} µs", file=sys.stderr)
    return figures


def compared(rounds: Rounds, variants: Sequence[Variant], note: str) -> str:
    """Return the table of this version against the other one, with the note below it."""
    names = [variant.key for variant in variants]
    pairs = [(name, EARLIER + name) for name in names if EARLIER + name in names]
    return f"{report.against(rounds, pairs)}\n\n{note}"


def table_name(name: str, stores: Sequence[str]) -> str:
    """Return the name of a table's place in the document."""
    return name if list(stores) == ["sqlite"] else f"redis-{name}"


if __name__ == "__main__":
    main(sys.argv[1:])
