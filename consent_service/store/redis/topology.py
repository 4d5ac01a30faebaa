"""Topology: which master serves which slot, and how to find that out anew. Keeps no connection open.

Nodes of a cluster contradict each other while it mends itself: one that was cut off or has just woken still names
itself. Several are asked, and the one that has seen the latest election is believed.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from hiredis import HiredisError, ReplyError

from consent_service.errors import StoreError, StoreUnavailable
from consent_service.store.redis.address import Address, ServerKind, StoreAddress
from consent_service.store.redis.connection import Connection, Login, Word
from consent_service.store.redis.faults import refused, unreachable
from consent_service.store.redis.layout import SLOTS

_T = TypeVar("_T")

_TIMEOUT: Final = 0.5
"""Seconds for one server to say what it knows."""

_MOST_ASKED: Final = 5
"""Nodes of a cluster that are asked at once."""


class SlotRange(NamedTuple):
    """Slots from `first` to `last`, both included, and the master that serves them."""

    first: int
    last: int
    master: Address


class SlotMap(NamedTuple):
    """All slots that are served; ranges in rising order."""

    ranges: tuple[SlotRange, ...]

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


class _NodeView(NamedTuple):
    """What one node of a cluster says. Those count more who see a majority, then those who saw a later election."""

    stands: bool
    epoch: int
    slot_map: SlotMap


class Topology:
    """Asks the servers that a target names, and those met since, where the masters are."""

    def __init__(self, target: StoreAddress, login: Login, sentinel_logins: Sequence[Login]) -> None:
        self._target = target
        self._login = login
        self._sentinel_logins = sentinel_logins
        self.slot_map = SlotMap(())

    async def look(self) -> bool:
        """Find out anew; whether anything changed. Raises StoreUnavailable when nobody knows."""
        found = await self._found()
        changed, self.slot_map = found != self.slot_map, found
        return changed

    async def _found(self) -> SlotMap:
        if self._target.kind is ServerKind.SINGLE:
            return _everywhere(self._target.seeds[0])
        if self._target.kind is ServerKind.CLUSTER:
            return await self._found_in_cluster()
        candidates = _shuffled(self._target.seeds)
        failure: StoreError = StoreUnavailable(f"{self._target.name} can't be reached")
        for candidate in candidates:
            try:
                return await _in_time(self._named_by(candidate), candidate)
            except StoreError as error:
                failure = error
        raise failure

    async def _found_in_cluster(self) -> SlotMap:
        candidates = _shuffled([*self.slot_map.masters, *self._target.seeds])[:_MOST_ASKED]
        answers = await asyncio.gather(
            *(_in_time(self._told_by(candidate), candidate) for candidate in candidates),
            return_exceptions=True,
        )
        told = [answer for answer in answers if isinstance(answer, _NodeView)]
        for answer in answers:
            if isinstance(answer, BaseException) and (not told or not isinstance(answer, StoreError)):
                raise answer
        return max(told, key=lambda one: (one.stands, one.epoch)).slot_map

    async def _told_by(self, address: Address) -> _NodeView:
        info, slots = await _ask_once(self._login, address, ("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))
        facts = dict(line.partition(":")[::2] for line in info.decode().splitlines())
        stands = facts["cluster_state"] == "ok"
        return _NodeView(stands, int(facts["cluster_current_epoch"]), _slots(slots, address))

    async def _named_by(self, sentinel: Address) -> SlotMap:
        said = await self.ask_sentinel(sentinel, "GET-MASTER-ADDR-BY-NAME")
        if said is None:
            raise StoreUnavailable(f"the Sentinel {sentinel} knows no master {self._target.master!r}")
        return _everywhere(Address(said[0].decode(), int(said[1])))

    async def ask_sentinel(self, address: Address, about: str) -> Any:
        """What a Sentinel knows of the master. Sentinels need not have the password that their servers have."""
        question = ("SENTINEL", about, self._target.master)
        for login in self._sentinel_logins[:-1]:
            try:
                (answer,) = await _ask_once(login, address, question)
            except (StoreError, ReplyError):
                continue
            return answer
        (answer,) = await _ask_once(self._sentinel_logins[-1], address, question)
        return answer


async def _in_time(question: Awaitable[_T], asked: Address) -> _T:
    """The answer. Raises StoreError."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            return await question
    except ReplyError as error:
        raise refused(error, asked) from error
    except (OSError, HiredisError) as error:
        raise unreachable(error, asked) from error


async def _ask_once(login: Login, address: Address, *questions: Sequence[Word]) -> list[Any]:
    connection: Connection = await login.connect(address, lambda: None)
    try:
        return [await connection.ask(*words) for words in questions]
    finally:
        await connection.close()


def _shuffled(addresses: Iterable[Address]) -> list[Address]:
    """Each once, in any order: many processes ask at once when a node fails."""
    once = list(dict.fromkeys(addresses))
    random.shuffle(once)
    return once


def _everywhere(master: Address) -> SlotMap:
    return SlotMap((SlotRange(0, SLOTS - 1, master),))


def _slots(reply: list[Any], asked: Address) -> SlotMap:
    """The reply to CLUSTER SLOTS; a node that does not know its own host leaves it out."""
    ranges = [
        SlotRange(first, last, Address((master[0] or b"").decode() or asked.host, master[1]))
        for first, last, master, *_ in reply
    ]
    return SlotMap(tuple(sorted(ranges)))
