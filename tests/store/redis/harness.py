"""Harness: the Redis engine as the store's suite needs it, for each way in which its servers can stand together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from consent_service.store.contract import Store
from consent_service.store.redis import RedisStore
from tests.support.clock import Clock
from tests.support.redis.fleets import FLEETS, Fleet, empty


class RedisHarness:
    """An empty store on a shared fleet."""

    def __init__(self, kind: Callable[[], Fleet], clock: Clock) -> None:
        self.clock = clock
        self.fleet = FLEETS.fleet(kind)
        empty(self.fleet)

    async def open(self) -> RedisStore:
        return RedisStore.open(self.fleet.url, clock=self.clock)

    def opener(self) -> tuple[Callable[[str], Store], str]:
        return open_redis, self.fleet.url

    def lose(self) -> None:
        for server in self.fleet.servers:
            server.hide()

    def close(self) -> None:
        for server in self.fleet.servers:
            server.show()


def on(kind: Callable[[], Fleet]) -> Callable[[Path, Clock], RedisHarness]:
    """The harness over fleets of this kind, as ENGINES wants it."""
    return lambda _folder, clock: RedisHarness(kind, clock)


def open_redis(url: str) -> Store:
    """Open the store as another process does."""
    return RedisStore.open(url)
