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


class Store(NamedTuple):
    """One store and its goals: shares of the fastest empty app, choices a second."""

    over: str  # in a variant's name
    flags: str  # a URL
    choices: str  # another one where the store can be kept apart
    cached_goal: float
    uncached_goal: float
    choices_goal: float | None
    also_without: bool = False  # whether to drive with it what no store has a part in


@contextlib.contextmanager
def sqlite(folder: Path) -> Iterator[Store]:
    """Two files, made by whoever opens them first."""
    flags, choices = (f"sqlite:///{folder / name}" for name in ("flags.db", "choices.db"))
    yield Store("", flags, choices, 0.50, 0.35, 3000, also_without=True)


@contextlib.contextmanager
def standalone(folder: Path) -> Iterator[Store]:
    """One Redis server that writes each commit to the folder's disk before it answers."""
    (folder / "redis").mkdir()
    with ended_after():
        url = Standalone(f"dir {folder / 'redis'}").url
        yield Store(" over a Redis server", f"{url}/0", f"{url}/1", 0.50, 0.40, None)


@contextlib.contextmanager
def cluster(_folder: Path) -> Iterator[Store]:
    """Three masters; the replica of each has a commit in its memory before it is answered."""
    with ended_after():
        url = Cluster().url
        yield Store(" over a Redis cluster", url, url, 0.30, 0.30, None)


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
