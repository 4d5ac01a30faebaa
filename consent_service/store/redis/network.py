"""Network: one event loop's lines to all nodes, and the way of each command through them.

Commands of one turn of the loop go out together, each node's as one pipeline. A command that a node sends
elsewhere, or that a lost script kept from being done, goes again, a bounded number of times; one that may have
been done is never sent twice. Knows no documents and no logs.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from hiredis import ReplyError

from consent_service.errors import StoreBusy, StoreError, StoreUnavailable
from consent_service.store.redis import faults, scripts
from consent_service.store.redis.address import Address, Kind
from consent_service.store.redis.connection import pack
from consent_service.store.redis.greeting import Greeter, Purpose
from consent_service.store.redis.guide import Guide
from consent_service.store.redis.line import Line, Sendable

QUEUE_LIMIT: Final = 8192
"""Commands of one purpose that may be on their way; beyond, `StoreBusy`."""

_MOST_TRIES: Final = 6
_PAUSE: Final = 0.02
_LOOK_AGAIN: Final = 0.1
"""Seconds at least between two questions where the masters are."""
_CHECKED_EVERY: Final = 0.1

Future = asyncio.Future[Any]


class _Ask:
    """One command on its way."""

    __slots__ = ("address", "among", "command", "future", "network", "purpose", "slot", "tries")

    def __init__(
        self, network: Network, purpose: Purpose, slot: int, command: bytes, among: set[_Ask]
    ) -> None:
        self.network = network
        self.among = among  # those whose answers are awaited; here until this one has its own
        self.purpose = purpose
        self.slot = slot
        self.command = command
        self.address: Address | None = None  # where it must go, whatever the map says
        self.tries = 0
        self.future: Future = network.loop.create_future()

    def answered(self, reply: Any) -> None:
        if isinstance(reply, ReplyError):
            self.network.refused(self, reply)
        else:
            self.among.discard(self)
            if not self.future.done():
                self.future.set_result(reply)

    def cut(self, *, late: bool) -> None:
        self.network.cut(self, late=late)

    def failed(self, error: StoreError) -> None:
        self.among.discard(self)
        if not self.future.done():
            self.future.set_exception(error)


class _Aside:
    """A command that goes before another and whose reply says nothing new."""

    def __init__(self, *words: bytes) -> None:
        self.command = pack(*words)

    def answered(self, reply: Any) -> None:
        pass

    def cut(self, *, late: bool) -> None:
        pass

    def failed(self, error: StoreError) -> None:
        pass


class Network:
    """The lines of the running event loop."""

    def __init__(self, guide: Guide, greeter: Greeter, kind: Kind, name: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.losses = 0
        """How often a look-up line was lost or the masters changed: what was read before may be superseded."""
        self._guide = guide
        self._greeter = greeter
        self._kind = kind
        self._name = name
        self._lines: dict[tuple[Address, Purpose], Line] = {}
        self._ways: dict[tuple[int, Purpose], Line] = {}  # from slots, as `_ways_of` leads
        self._ways_of = guide.map
        self._unanswered: dict[Purpose, set[_Ask]] = {purpose: set() for purpose in Purpose}
        self._turn: list[_Ask] = []
        self._closed = False
        self._looking: asyncio.Task[None] | None = None
        self._keeping = self.loop.create_task(self._keep())

    @property
    def masters(self) -> list[Address]:
        return self._guide.map.masters

    def master(self, slot: int) -> Address | None:
        """Who serves the slot, as far as is known; None = nobody."""
        return self._guide.map.master(slot)

    def waiting(self, purpose: Purpose) -> int:
        """Commands on their way."""
        return len(self._unanswered[purpose])

    def ask(self, purpose: Purpose, slot: int, command: bytes) -> Future:
        """Send a packed command to whoever serves the slot; its reply, or a StoreError. Raises StoreBusy."""
        unanswered = self._unanswered[purpose]
        if len(unanswered) >= QUEUE_LIMIT:
            raise StoreBusy(f"{QUEUE_LIMIT} commands are waiting for {self._name}: try again")
        ask = _Ask(self, purpose, slot, command, unanswered)
        unanswered.add(ask)
        self._post(ask)
        return ask.future

    def ask_at(self, address: Address, purpose: Purpose, command: bytes) -> Future:
        """Send a packed command to this node, whatever it serves."""
        future = self.ask(purpose, 0, command)
        self._turn[-1].address = address
        return future

    def drop(self, address: Address) -> None:
        """End all connections to a node that is no longer what it was."""
        for line in [line for line in self._lines.values() if line.address == address]:
            line.drop()
        self._look_soon()

    async def close(self, patience: float) -> None:
        """Wait for what is on its way, then end all connections."""
        if any(self._unanswered.values()):
            on_their_way = [ask.future for _, ask in self._each_unanswered()]
            await asyncio.wait(on_their_way, timeout=patience)
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)

    def cut(self, ask: _Ask, *, late: bool) -> None:
        """The connection ended before the answer: a read may go again, once."""
        written = ask.purpose is Purpose.WRITE
        if late:
            ask.failed(faults.late(self._name, written=written))
        elif written or ask.tries or self._closed:
            ask.failed(faults.cut(self._name, written=written))
        else:
            self._again(ask)

    def refused(self, ask: _Ask, error: ReplyError) -> None:
        """Send it where it belongs, or again in a moment; else it failed. It was not done."""
        code = faults.code_of(error)
        if ask.tries >= _MOST_TRIES:
            return ask.failed(faults.refused(error, self._name))
        if code == "MOVED":
            self._look_soon()
            self._again(ask, _named(error, ask))
        elif code == "ASK":
            ask.tries += 1
            self._line(_named(error, ask), ask.purpose).send([_Aside(b"ASKING"), ask])
        elif code == "NOSCRIPT":
            loads = [_Aside(b"SCRIPT", b"LOAD", script.text) for script in scripts.EVERY]
            if (line := self._line_of(ask)) is not None:
                ask.tries += 1
                return line.send([*loads, ask])
            ask.failed(self._nobody())
        elif code in ("TRYAGAIN", "READONLY"):
            self._look_soon()
            pause = _PAUSE * 2**ask.tries * random.uniform(0.5, 1)  # noqa: S311 - spreads, hides nothing
            self.loop.call_later(pause, self._again, ask)
        else:
            if code in faults.ASTRAY:
                self._look_soon()
            ask.failed(faults.refused(error, self._name))

    def _again(self, ask: _Ask, address: Address | None = None) -> None:
        ask.tries += 1
        ask.address = address
        self._post(ask)

    def _post(self, ask: _Ask) -> None:
        if not self._turn:
            self.loop.call_soon(self._flush)
        self._turn.append(ask)

    def _flush(self) -> None:
        """Send what this turn of the loop brought."""
        turn, self._turn = self._turn, []
        together: defaultdict[Line, list[Sendable]] = defaultdict(list)
        for ask in turn:
            if ask.future.done():  # its caller has gone
                ask.among.discard(ask)
            elif (line := self._line_of(ask)) is None:
                self._look_soon()
                ask.failed(self._nobody())
            else:
                together[line].append(ask)
        for line, asks in together.items():
            line.send(asks)

    def _line_of(self, ask: _Ask) -> Line | None:
        if ask.address is not None:
            return self._line(ask.address, ask.purpose)
        if self._ways_of is not self._guide.map:
            self._ways_of = self._guide.map
            self._ways.clear()
        line = self._ways.get((ask.slot, ask.purpose))
        if line is None and (master := self._guide.map.master(ask.slot)) is not None:
            line = self._ways[ask.slot, ask.purpose] = self._line(master, ask.purpose)
        return line

    def _line(self, address: Address, purpose: Purpose) -> Line:
        line = self._lines.get((address, purpose))
        if line is None:
            line = self._lines[address, purpose] = Line(address, purpose, self._greeter, self._on_loss)
        return line

    def _on_loss(self, line: Line) -> None:
        if line.purpose is Purpose.LOOK_UP:
            self.losses += 1
        self._look_soon()

    def _nobody(self) -> StoreUnavailable:
        return StoreUnavailable(f"{self._name}: no node serves this shard now")

    def _look_soon(self) -> None:
        """Ask where the masters are, unless somebody does already; there is no haste in a storm."""
        if self._kind is not Kind.SINGLE and self._looking is None and not self._closed:
            self._looking = self.loop.create_task(self._look())

    async def _look(self) -> None:
        try:
            with suppress(StoreError):  # who needs it meets the failure itself
                if await self._guide.look():
                    self.losses += 1
                    self._forget_others()
            await asyncio.sleep(random.uniform(_LOOK_AGAIN, 2 * _LOOK_AGAIN))  # noqa: S311
        finally:
            self._looking = None

    def _forget_others(self) -> None:
        """Close the lines to those who are no masters any more."""
        masters = set(self._guide.map.masters)
        for key in [key for key in self._lines if key[0] not in masters]:
            self._lines.pop(key).close()

    async def _keep(self) -> None:
        """Give up servers that don't answer; when the loop ends, or the network, end every connection."""
        try:
            while True:
                await asyncio.sleep(_CHECKED_EVERY)
                for line in list(self._lines.values()):
                    line.check()
        finally:
            self._closed = True
            endings = [ending for line in self._lines.values() for ending in line.close()]
            self._lines.clear()
            if self._looking is not None:
                self._looking.cancel()
                endings.append(self._looking)
            if endings:
                await asyncio.wait(endings, timeout=_CHECKED_EVERY)

    def _each_unanswered(self) -> Iterator[tuple[Purpose, _Ask]]:
        for purpose, asks in self._unanswered.items():
            for ask in list(asks):
                yield purpose, ask


def _named(error: ReplyError, ask: _Ask) -> Address:
    """The node that MOVED or ASK names; without a host it is the host that said so."""
    host, _, port = str(error).split(" ")[2].rpartition(":")
    known = ask.address.host if ask.address else ""
    return Address(host.strip("[]") or known, int(port))
