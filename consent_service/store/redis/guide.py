"""Guide: which master serves which slot, and how to find that out anew. Keeps no connection open."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from hiredis import HiredisError, ReplyError

from consent_service.errors import StoreError, StoreUnavailable
from consent_service.store.redis.address import Address, Kind, Target
from consent_service.store.redis.connection import Connection, Login, Word
from consent_service.store.redis.faults import refused, unreachable
from consent_service.store.redis.layout import SLOTS

_PATIENCE: Final = 0.5
"""Seconds for one server to say what it knows; then the next one is asked."""


class Range(NamedTuple):
    """Slots from `first` to `last`, both included, and the master that serves them."""

    first: int
    last: int
    master: Address


class Map(NamedTuple):
    """All slots that are served; ranges in rising order."""

    ranges: tuple[Range, ...]

    @property
    def masters(self) -> list[Address]:
        """Each master once."""
        return list(dict.fromkeys(one.master for one in self.ranges))

    @property
    def whole(self) -> bool:
        """Whether somebody serves each slot."""
        return sum(one.last - one.first + 1 for one in self.ranges) == SLOTS

    def master(self, slot: int) -> Address | None:
        """Who serves the slot; None = nobody."""
        at = bisect_right(self.ranges, slot, key=lambda one: one.first) - 1
        return self.ranges[at].master if at >= 0 and slot <= self.ranges[at].last else None


class Guide:
    """Asks the servers that a target names, and those met since, where the masters are."""

    def __init__(self, target: Target, login: Login, sentinel_logins: Sequence[Login]) -> None:
        self._target = target
        self._login = login
        self._sentinel_logins = sentinel_logins
        self.map = Map(())

    async def look(self) -> bool:
        """Find out anew; whether anything changed. Raises StoreUnavailable when nobody knows."""
        found = await self._found()
        changed, self.map = found != self.map, found
        return changed

    async def _found(self) -> Map:
        if self._target.kind is Kind.SINGLE:
            return _everywhere(self._target.seeds[0])
        known = list(dict.fromkeys([*self.map.masters, *self._target.seeds]))
        candidates = known if self._target.kind is Kind.CLUSTER else list(self._target.seeds)
        random.shuffle(candidates)  # many processes ask at once when a node fails
        failure: StoreError = StoreUnavailable(f"{self._target.name} can't be reached")
        for candidate in candidates:
            try:
                async with asyncio.timeout(_PATIENCE):
                    return await self._ask(candidate)
            except ReplyError as error:
                failure = refused(error, candidate)
            except (OSError, HiredisError, StoreError) as error:
                failure = unreachable(error, candidate)
        raise failure

    async def _ask(self, address: Address) -> Map:
        if self._target.kind is Kind.CLUSTER:
            return _slots(await _ask_once(self._login, address, "CLUSTER", "SLOTS"), address)
        said = await self.ask_sentinel(address, "GET-MASTER-ADDR-BY-NAME")
        if said is None:
            raise StoreUnavailable(f"the Sentinel {address} knows no master {self._target.master!r}")
        return _everywhere(Address(said[0].decode(), int(said[1])))

    async def ask_sentinel(self, address: Address, about: str) -> Any:
        """What a Sentinel knows of the master. Sentinels need not have the password that their servers have."""
        question = ("SENTINEL", about, self._target.master)
        for login in self._sentinel_logins[:-1]:
            try:
                return await _ask_once(login, address, *question)
            except (StoreError, ReplyError):
                continue
        return await _ask_once(self._sentinel_logins[-1], address, *question)


async def _ask_once(login: Login, address: Address, *words: Word) -> Any:
    connection: Connection = await login.connect(address, lambda: None)
    try:
        return await connection.ask(*words)
    finally:
        await connection.close()


def _everywhere(master: Address) -> Map:
    return Map((Range(0, SLOTS - 1, master),))


def _slots(reply: list[Any], asked: Address) -> Map:
    """The reply to CLUSTER SLOTS; a node that does not know its own host leaves it out."""
    ranges = [
        Range(first, last, Address((master[0] or b"").decode() or asked.host, master[1]))
        for first, last, master, *_ in reply
    ]
    return Map(tuple(sorted(ranges)))
