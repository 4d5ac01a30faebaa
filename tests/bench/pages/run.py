"""The bench of pages: what ours and two peers cost the same page, in one run of interleaved first visits.

`make bench-pages` runs it; `python -m tests.bench.pages.run --rounds 15` says how often. Prints the table of
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

from tests.bench.pages.compressing import sizes
from tests.bench.pages.measuring import Visit, visit
from tests.bench.pages.serving import LATENCY, Served, served
from tests.bench.pages.table import Row, table
from tests.bench.pages.variants import install_peers, peers
from tests.support.chromium import browser

SLOWER: Final = 4
"""Factor by which a middling phone is slower, as Chromium's own tools have it."""

Visits = dict[tuple[str, int], list[Visit]]


def main(arguments: Sequence[str]) -> None:
    """Start everything, visit in rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args(arguments).rounds
    install_peers()
    print(asyncio.run(_measured(rounds)))


async def _measured(rounds: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            async_playwright() as playwright,
            served(folder, peers()) as site,
            browser(playwright, folder / "profile", "allowed") as opened,
        ):
            visits = await _rounds(opened, site, rounds)
            version = opened.version
    rows = [Row(v.name, sizes(v.parts), visits[v.name, 1], visits[v.name, SLOWER]) for v in site.variants]
    return "\n".join(
        [
            table(rows),
            "",
            f"Chromium {version}; medians of {rounds} interleaved first visits; each answer is "
            f"{LATENCY * 1000:.0f} ms on its way; behind the slash on a processor {SLOWER} times slower.",
        ]
    )


async def _rounds(opened: Browser, site: Served, rounds: int) -> Visits:
    """Each variant in each round, beginning with another one every time; the round before the first warms up."""
    visits: Visits = defaultdict(list)
    for number in range(rounds + 1):
        turn = number % len(site.variants)
        for variant in (*site.variants[turn:], *site.variants[:turn]):
            for slower in (1, SLOWER):
                noted = await visit(opened, site, variant, slower)
                if number:
                    visits[variant.name, slower].append(noted)
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
    return visits


if __name__ == "__main__":
    main(sys.argv[1:])
