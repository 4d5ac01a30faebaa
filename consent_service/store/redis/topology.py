"""Cluster topology: the map from slots to masters, and how to refresh it. Keeps no connection open.

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
from consent_service.store.redis.faults import refused_error, unreachable_error
from consent_service.store.redis.key_layout import SLOTS

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
        """Return each master once."""
        return list(dict.fromkeys(part.master for part in self.ranges))

    @property
    def is_whole(self) -> bool:
        """Return True if every slot has a master."""
        return sum(part.last - part.first + 1 for part in self.ranges) == SLOTS

    def master_of(self, slot: int) -> Address | None:
        """Return the master of the slot; None = nobody serves it."""
        at = bisect_right(self.ranges, slot, key=lambda part: part.first) - 1
        return self.ranges[at].master if at >= 0 and slot <= self.ranges[at].last else None


class _NodeView(NamedTuple):
    """One cluster node's view. A node that sees a majority counts more, then one that saw a later election."""

    stands: bool
    epoch: int
    slot_map: SlotMap


class Topology:
    """The masters of one store, and how to ask the servers in its URL, and those met since, for them."""

    def __init__(self, target: StoreAddress, login: Login, sentinel_logins: Sequence[Login]) -> None:
        self._target = target
        self._login = login
        self._sentinel_logins = sentinel_logins
        self.slot_map = SlotMap(())

    async def refresh_map(self) -> bool:
        """Ask the servers for the masters anew; return True if the map changed. Raises StoreUnavailable when nobody
        knows.
        """
        present = await self._current_map()
        changed, self.slot_map = present != self.slot_map, present
        return changed

    async def _current_map(self) -> SlotMap:
        if self._target.kind is ServerKind.SINGLE:
            return _single_master_map(self._target.seeds[0])
        if self._target.kind is ServerKind.CLUSTER:
            return await self._found_in_cluster()
        candidates = _in_random_order(self._target.seeds)
        failure: StoreError = StoreUnavailable(f"{self._target.name} can't be reached")
        for candidate in candidates:
            try:
                return await _in_time(self._named_by(candidate), candidate)
            except StoreError as error:
                failure = error
        raise failure

    async def _found_in_cluster(self) -> SlotMap:
        candidates = _in_random_order([*self.slot_map.masters, *self._target.seeds])[:_MOST_ASKED]
        answers = await asyncio.gather(
            *(_in_time(self._told_by(candidate), candidate) for candidate in candidates),
            return_exceptions=True,
        )
        views = [answer for answer in answers if isinstance(answer, _NodeView)]
        for answer in answers:
            if isinstance(answer, BaseException) and (not views or not isinstance(answer, StoreError)):
                raise answer
        return max(views, key=lambda view: (view.stands, view.epoch)).slot_map

    async def _told_by(self, address: Address) -> _NodeView:
        info, slots = await _ask_once(self._login, address, ("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))
        facts = dict(line.partition(":")[::2] for line in info.decode().splitlines())
        stands = facts["cluster_state"] == "ok"
        return _NodeView(stands, int(facts["cluster_current_epoch"]), _parse_slots(slots, address))

    async def _named_by(self, sentinel: Address) -> SlotMap:
        address = await self.ask_sentinel(sentinel, "GET-MASTER-ADDR-BY-NAME")
        if address is None:
            raise StoreUnavailable(f"the Sentinel {sentinel} knows no master {self._target.master!r}")
        return _single_master_map(Address(address[0].decode(), int(address[1])))

    async def ask_sentinel(self, address: Address, about: str) -> Any:
        """Return a Sentinel's knowledge of the master. Sentinels need not have the password that their servers
        have.
        """
        question = ("SENTINEL", about, self._target.master)
        for login in self._sentinel_logins[:-1]:
            try:
                (answer,) = await _ask_once(login, address, question)
            except (StoreError, ReplyError):
                continue
            return answer
        (answer,) = await _ask_once(self._sentinel_logins[-1], address, question)
        return answer


async def _in_time(question: Awaitable[_T], address: Address) -> _T:
    """Return the answer to the question. Raises StoreError after the time-out, or when it was refused."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            return await question
    except ReplyError as error:
        raise refused_error(error, address) from error
    except (OSError, HiredisError) as error:
        raise unreachable_error(error, address) from error


async def _ask_once(login: Login, address: Address, *questions: Sequence[Word]) -> list[Any]:
    connection: Connection = await login.connect(address, lambda: None)
    try:
        return [await connection.ask(*words) for words in questions]
    finally:
        await connection.close()


def _in_random_order(addresses: Iterable[Address]) -> list[Address]:
    """Return each address once, in random order: many processes ask at once when a node fails."""
    once = list(dict.fromkeys(addresses))
    random.shuffle(once)
    return once


def _single_master_map(master: Address) -> SlotMap:
    return SlotMap((SlotRange(0, SLOTS - 1, master),))


def _parse_slots(reply: list[Any], address: Address) -> SlotMap:
    """Return the map in a reply to CLUSTER SLOTS. A node that does not know its own host leaves it out."""
    ranges = [
        SlotRange(first, last, Address((master[0] or b"").decode() or address.host, master[1]))
        for first, last, master, *_ in reply
    ]
    return SlotMap(tuple(sorted(ranges)))
