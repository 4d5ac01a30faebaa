"""The stores that the service is driven over: files of SQLite, or Redis servers that are started for the bench.

Redis servers share the load's core, since like the load they are the far end of a connection. Knows what each
store is expected to reach; drives nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.redis.fleets import Cluster, Standalone
from tests.support.redis.server import Server

POPULATIONS: Final = (1_000, 10_000, 40_000, 100_000, 1_000_000)
FEWER: Final = (1_000, 100_000, 1_000_000)


class Store(NamedTuple):
    """One store and its goals: shares of the empty ASGI app, and multiples of its CPU for a choice."""

    over: str  # in a variant's name
    flags: str  # a URL
    choices: str  # another one where the store can be kept apart
    visitors: tuple[int, ...]  # populations to draw from
    cached_goals: dict[int, float]  # by population
    uncached_goal: float | None
    choices_goal: float | None
    also_without: bool = False  # drive with it also the variants in which no store has a part

    def cached_goal(self, size: int) -> float | None:
        """Return the share to reach with so many visitors."""
        return self.cached_goals.get(size)


@contextlib.contextmanager
def sqlite(folder: Path) -> Iterator[Store]:
    """Two files, made by whoever opens them first."""
    flags, choices = (f"sqlite:///{folder / name}" for name in ("flags.db", "choices.db"))
    yield Store("", flags, choices, POPULATIONS, {1_000: 0.65}, 0.40, 9, also_without=True)


@contextlib.contextmanager
def standalone(folder: Path) -> Iterator[Store]:
    """One Redis server that writes each commit to the folder's disk before it answers."""
    (folder / "redis").mkdir()
    with ended_after():
        url = Standalone(f"dir {folder / 'redis'}").url
        yield Store(" over a Redis server", f"{url}/0", f"{url}/1", FEWER, {}, None, None)


@contextlib.contextmanager
def cluster(_folder: Path) -> Iterator[Store]:
    """Three masters; the replica of each has a commit in its memory before it is answered."""
    with ended_after():
        url = Cluster().url
        yield Store(" over a Redis cluster", url, url, FEWER, {}, None, None)


@contextlib.contextmanager
def ended_after() -> Iterator[None]:
    """Ends every Redis server that was started inside."""
    try:
        yield
    finally:
        Server.end_all()


STORES: Final[dict[str, Callable[[Path], AbstractContextManager[Store]]]] = {
    "sqlite": sqlite,
    "redis": standalone,
    "cluster": cluster,
}
