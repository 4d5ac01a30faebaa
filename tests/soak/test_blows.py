"""Blows under load, over every kind of store, with clients that remember what they were told.

Nothing acknowledged is lost (design rule 5); each standing is the fold of its entries (rule 6); nobody who opted out
is `allowed` from the process that acknowledged it, nor anywhere a second later; choices are taken again without a
hand. `CONSENT_SOAK_ROUNDS` is how many rounds each blow gets.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.soak.blows import BLOWS, Blow, Scene
from tests.soak.reporting import show
from tests.soak.rounds import Tally, clients, play
from tests.soak.serving import Server, serving
from tests.soak.visiting import OPT_OUT, Books, Pace, choose, first_choice
from tests.soak.watching import WATCHED, Watch, watching
from tests.support.configuration import sqlite_url
from tests.support.redis.cuttable_cluster import CuttableCluster
from tests.support.redis.fleets import FLEETS, Fleet, Standalone, empty

pytestmark = pytest.mark.soak

ROUNDS: Final = int(os.environ.get("CONSENT_SOAK_ROUNDS", "5"))
RECOVERED: Final = 30.0
"""Seconds in which every shard takes choices again, from the blow or, where it must be undone first, from then."""

_LASTS: Final = 4.0
"""Seconds that a blow lasts which nothing outlives: twice the cluster's node time-out."""
_PACE: Final = Pace(visitors=8, rest=0.03)
"""Besides those who are watched: an election needs some of the processor too."""

_EACH: Final = 12
"""Choices of new visitors at each service: some for every master."""


@dataclass
class Storm:
    """One blow over one store, as `rounds.play` wants it, and what was seen."""

    blow: Blow
    scene: Scene
    watch: Watch = field(default_factory=Watch)
    recovered: float = 0.0

    async def __call__(self, books: Books) -> None:
        async with clients(self.scene.services) as shops, watching(shops, books, self.watch):
            await asyncio.sleep(WATCHED / 2)  # some have opted out, and are being followed
            struck = time.monotonic()
            async with self.blow.hit(self.scene):
                if self.blow.outlived:
                    await self._recover(books, struck)
                else:
                    await asyncio.sleep(_LASTS)
                healed = time.monotonic()
            await self._recover(books, healed)
            await asyncio.sleep(WATCHED)  # what wakes up may speak now

    async def _recover(self, books: Books, since: float) -> None:
        """Returns once every one of some new visitors' choices is taken, wherever it belongs."""
        async with clients(self.scene.services) as shops, asyncio.timeout(2 * RECOVERED):
            while not all(
                await asyncio.gather(
                    *(choose(http, books, first_choice(OPT_OUT)) for http in shops for _ in range(_EACH))
                )
            ):
                await asyncio.sleep(0.05)
        self.recovered = max(self.recovered, time.monotonic() - since)


Row = tuple[str, Tally, Storm]


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> Iterator[list[Row]]:
    """Results of each blow; the table is shown at the end, as it stands in docs/benchmarks.md."""
    found: list[Row] = []
    yield found
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        show(
            ["store", "blow"],
            (([store, tally.blow], _numbers(tally, storm)) for store, tally, storm in found),
        )


@pytest.mark.parametrize(
    ("store", "blow"),
    [
        pytest.param(store, blow, id=f"{store}: {blow.name}")
        for store, blows in BLOWS.items()
        for blow in blows
    ],
)
async def test_rules_5_and_6_hold_through_a_blow_and_nobody_is_allowed_late(
    store: str, blow: Blow, tmp_path: Path, free_ports: Callable[[int], list[int]], rows: list[Row]
) -> None:
    fleet = _fleet(store)
    with ExitStack() as stack:
        services = _services(stack, tmp_path, free_ports(2), fleet)
        storm = Storm(blow, Scene(services, fleet))
        tally = await play(services, storm, blow.name, ROUNDS, _PACE)
    rows.append((store, tally, storm))
    assert (tally.lost, tally.rounds) == (0, ROUNDS)
    assert storm.watch.faults(blow.bound) == []
    assert storm.watch.followed >= ROUNDS
    assert storm.recovered < RECOVERED


def _fleet(store: str) -> Fleet | None:
    kinds: dict[str, Callable[[], Fleet]] = {"standalone": Standalone, "cluster": CuttableCluster}
    if store not in kinds:
        return None
    fleet = FLEETS.fleet(kinds[store])
    empty(fleet)
    return fleet


def _services(stack: ExitStack, folder: Path, ports: list[int], fleet: Fleet | None) -> list[Server]:
    """Two on the same store, of one worker each, so that it is known which process answers."""
    url = fleet.url if fleet else sqlite_url(folder)
    return [stack.enter_context(serving(folder, port, store=url, workers=1)) for port in ports]


def _numbers(tally: Tally, storm: Storm) -> dict[str, float]:
    """Return the cells of the published table for a blow, by column."""
    watch = storm.watch
    return {
        "rounds": tally.rounds,
        "acknowledged": tally.acknowledged,
        "in doubt": tally.in_doubt,
        "lost": tally.lost,
        "opt-outs watched": watch.followed,
        "flags asked": watch.asked,
        "allowed late": len(watch.faults(storm.blow.bound)),
        "last allowed, s": watch.latest,
        "taken again, s": storm.recovered,
    }
