"""Rounds: a load of choices, a blow in the middle of it, and the audit of what is left.

Knows how a round goes and how rounds are reported; what the blow is, tests say.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx2

from tests.soak.auditing import check_flags, check_folds, ledger, lost, settle, unacknowledged
from tests.soak.reporting import show
from tests.soak.serving import Server
from tests.soak.visiting import Books, Pace, client, crowd

Blow = Callable[[Books], Awaitable[None]]
"""Hits what it was made for while the crowd goes on; returns when the crowd may end."""

_ALL_AT_ONCE: Final = Pace(24)
_FEWEST, _MOST = 30, 200
_ANSWER_SECONDS: Final = 0.01  # longer than one answer takes under this load


@dataclass
class Tally:
    """Result of some rounds. `found`: in doubt and durable all the same; `lost` must be 0.

    `late`: flags that the store was too late for, and that were asked for again.
    """

    blow: str
    rounds: int = 0
    acknowledged: int = 0
    in_doubt: int = 0
    found: int = 0
    lost: int = 0
    late: int = 0
    visitors: int = 0
    seconds: float = 0.0

    @property
    def numbers(self) -> dict[str, float]:
        """Return the cells of a report, by column."""
        return {
            "rounds": self.rounds,
            "visitors": self.visitors,
            "acknowledged": self.acknowledged,
            "in doubt": self.in_doubt,
            "of them durable": self.found,
            "late flags": self.late,
            "lost": self.lost,
            "seconds": round(self.seconds),
        }


async def play(
    services: Sequence[Server], blow: Blow, name: str, rounds: int, pace: Pace = _ALL_AT_ONCE
) -> Tally:
    """So many rounds of services on one growing store; every check is made after each, and all flags once more at
    the end.
    """
    books, tally, chance = Books(), Tally(name), random.Random()
    began = time.monotonic()
    for _ in range(rounds):
        await _round(services, blow, books, tally, chance, pace)
    async with client(services[0].url) as http:
        tally.late += await check_flags(http, books.acknowledged)
    tally.visitors = len(books.visitors)
    tally.seconds = time.monotonic() - began
    return tally


async def _round(
    services: Sequence[Server], blow: Blow, books: Books, tally: Tally, chance: random.Random, pace: Pace
) -> None:
    before = len(books.acknowledged)
    async with clients(services) as shops, crowd(shops, books, chance, pace):
        await books.reach(before + chance.randrange(_FEWEST, _MOST))
        await asyncio.sleep(chance.uniform(0, _ANSWER_SECONDS))  # strike anywhere between two answers
        await blow(books)
    async with clients(services) as shops:
        await _audit(services[0].store, shops[-1], books, tally, before)
    tally.rounds += 1


async def _audit(store: str, http: httpx2.AsyncClient, books: Books, tally: Tally, before: int) -> None:
    """First as the blow left it, then after everybody in doubt has asked again: then the counts are exact."""
    found = await ledger(store)
    missing = lost(books, found)
    tally.acknowledged += len(books.acknowledged) - before
    tally.in_doubt += len(books.in_doubt)
    tally.found += len(unacknowledged(books, found))
    tally.lost += len(missing)
    assert missing == [], f"acknowledged and not in the ledger: {missing[:3]}"
    await check_folds(store)
    tally.late += await check_flags(http, books.acknowledged[before:])
    await settle(http, books)
    found = await ledger(store)
    assert found.keys() == {entry.receipt for entry in books.acknowledged}, (
        "an entry without an acknowledgement"
    )
    assert len(found) == len(books.acknowledged), "two choices with one receipt"
    await check_folds(store)


@asynccontextmanager
async def clients(services: Sequence[Server]) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """A client of each."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(client(service.url)) for service in services]


def report(tallies: Iterable[Tally]) -> None:
    """The table, for a terminal or a log."""
    show(["blow"], (([tally.blow], tally.numbers) for tally in tallies))
