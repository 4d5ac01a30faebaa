"""The bench: the flag and the choices against empty servers, side by side on one machine, in one run.

`make bench` runs it; `python -m tests.bench.run --rounds 6 --seconds 5` says how long. Prints the README's table.
The load has one core and the server the other; every variant is driven in every round, with the same request
but for what it presents, and shares are medians of same-round ratios, since such machines drift.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench import answers, report, visitors, wrk
from tests.bench.machine import LOAD_CORE, SERVER_CORE, awake, cpu_seconds, stolen_seconds
from tests.bench.report import Measurement
from tests.bench.servers import Server, Workshop
from tests.bench.user_agents import user_agents

KNOWN_VISITORS: Final = 1000
CHOICES_A_SECOND: Final = 50
CHOICES_GOAL: Final = 3000
EMPTY: Final = ("empty app on granian", "empty app on uvicorn")
CHOICES: Final = "durable choices"


@dataclass(frozen=True)
class Variant:
    """What is driven: a server, a Lua script and its arguments; `beside` is what goes on meanwhile."""

    name: str
    server: Server
    path: str
    script: str
    arguments: Callable[[], list[str]]
    goal: float | None = None
    basis: str | None = None  # that every answer must have
    beside: Callable[[], AbstractContextManager[object]] = field(default=contextlib.nullcontext)

    def measure(self, seconds: int) -> Measurement:
        """Warm up for a second, then drive."""
        url = self.server.url + self.path
        with self.beside():
            wrk.drive(url, self.script, self.arguments(), 1)
            counted, before = answers.by_basis(self.server), cpu_seconds(self.server.pid)
            load = wrk.drive(url, self.script, self.arguments(), seconds)
            used = cpu_seconds(self.server.pid) - before
        if self.basis is not None:
            answers.require(self.server, self.basis, counted, load.requests)
        if load.refused or load.broken:
            raise RuntimeError(f"{self.name}: {load.refused} answers over 399, {load.broken} broken")
        return Measurement(load.rate, used / load.requests * 1e6)


def main(arguments: Sequence[str]) -> None:
    """Start everything, drive it in rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=5)
    asked = parser.parse_args(arguments)
    os.sched_setaffinity(0, {LOAD_CORE})
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        variants = prepared(Path(folder), stack)
        stack.enter_context(awake())
        stolen = stolen_seconds()
        rounds = [one_round(variants, number, asked.seconds) for number in range(asked.rounds)]
        stolen = stolen_seconds() - stolen
    print(summary(variants, rounds))
    print(f"The host took {stolen:.1f} s of the two cores meanwhile.")


def prepared(folder: Path, stack: contextlib.ExitStack) -> list[Variant]:
    """Every variant, its server running."""
    workshop = Workshop(folder)

    def start(server: AbstractContextManager[Server]) -> Server:
        return stack.enter_context(server)

    second = start(workshop.consent(LOAD_CORE, store="flags.db"))
    cached = start(workshop.consent(SERVER_CORE, store="flags.db"))
    uncached = start(workshop.consent(SERVER_CORE, store="flags.db", cache=False))
    on_uvicorn = start(workshop.consent_on_uvicorn(SERVER_CORE, store="flags.db"))
    choosing = start(workshop.consent(SERVER_CORE, store="choices.db"))
    empty = [start(workshop.empty_on_granian(SERVER_CORE)), start(workshop.empty_on_uvicorn(SERVER_CORE))]

    known = visitors.known_cookies(second, KNOWN_VISITORS)
    strangers = visitors.strangers_cookies(known)
    for name, lines in (("known", known), ("strangers", strangers), ("agents", user_agents(1000))):
        (folder / name).write_text("\n".join(lines) + "\n")

    def flag(name: str, server: Server, goal: float | None = None, basis: str | None = "choice") -> Variant:
        headers = {**visitors.HEADERS, **(visitors.SIGNAL if basis == "gpc" else {})}
        lines = folder / ("strangers" if basis in ("default", "gpc") else "known")
        arguments = [str(lines), *(f"{key}: {value}" for key, value in headers.items())]
        return Variant(name, server, visitors.FLAG, "flags.lua", lambda: arguments, goal, basis)

    def meanwhile() -> AbstractContextManager[object]:
        return visitors.choices_meanwhile(second, CHOICES_A_SECOND)

    beside = flag("known visitor, cached, 50 choices/s on a second worker", cached, 0.50)
    return [
        *(flag(name, server, basis=None) for name, server in zip(EMPTY, empty, strict=True)),
        replace(beside, beside=meanwhile),
        flag("known visitor, cache off, gathered reads", uncached, 0.35),
        flag("nothing presented", cached, 0.60, "default"),
        flag("GPC", cached, 0.60, "gpc"),
        flag("known visitor, cached, on uvicorn", on_uvicorn),
        Variant(
            CHOICES, choosing, visitors.CHOOSE, "choices.lua", lambda: choice_arguments(folder / "agents")
        ),
    ]


def choice_arguments(agents: Path) -> list[str]:
    """The Lua script's arguments, with a prefix for ids that no other run has."""
    headers = {**visitors.HEADERS, "Content-Type": "text/plain"}
    return [str(agents), secrets.token_hex(9), *(f"{key}: {value}" for key, value in headers.items())]


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
    rows = [report.row(rounds, v.name, base, v.goal) for v in variants if v.name != CHOICES]
    choices = [measured[CHOICES] for measured in rounds]
    rate, cpu = median(c.rate for c in choices), median(c.cpu for c in choices)
    return "\n".join(
        [
            report.table(rows),
            "",
            f"Durable choices with 1,000 different User-Agents: {rate:,.0f}/s "
            f"({min(c.rate for c in choices):,.0f}-{max(c.rate for c in choices):,.0f}), "
            f"{cpu:.0f} µs CPU each; goal {CHOICES_GOAL:,}/s.",
            f"Noise: over {len(rounds)} rounds the {base} itself strayed by {report.spread(rounds, base):.0%}.",
        ]
    )


if __name__ == "__main__":
    main(sys.argv[1:])
