"""Router: one event loop's channels to all nodes, and the way of each command through them.

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
from consent_service.store.redis.address import Address, ServerKind
from consent_service.store.redis.channel import Channel, Sendable
from consent_service.store.redis.connection import pack_command
from consent_service.store.redis.handshake import ChannelPurpose, Handshake
from consent_service.store.redis.topology import Topology

QUEUE_LIMIT: Final = 8192
"""Commands of one purpose that may be on their way; beyond, `StoreBusy`."""

_MOST_TRIES: Final = 6
_PAUSE: Final = 0.02
_LOOK_AGAIN: Final = 0.1
"""Seconds at least between two questions where the masters are."""
_CHECKED_EVERY: Final = 0.1

Future = asyncio.Future[Any]


class _Command:
    """One command that waits for its reply."""

    __slots__ = ("address", "among", "command", "future", "purpose", "router", "slot", "tries")

    def __init__(
        self, router: Router, purpose: ChannelPurpose, slot: int, command: bytes, among: set[_Command]
    ) -> None:
        self.router = router
        self.among = among  # those whose answers are awaited; here until this one has its own
        self.purpose = purpose
        self.slot = slot
        self.command = command
        self.address: Address | None = None  # where it must go, whatever the map says
        self.tries = 0
        self.future: Future = router.loop.create_future()

    def on_reply(self, reply: Any) -> None:
        """Take the reply; an error reply is a reply."""
        if isinstance(reply, ReplyError):
            self.router.command_refused(self, reply)
        else:
            self.among.discard(self)
            if not self.future.done():
                self.future.set_result(reply)

    def on_cut(self, *, late: bool) -> None:
        """Take note that the connection ended first; `late`: because it was given up."""
        self.router.command_cut(self, late=late)

    def on_failure(self, error: StoreError) -> None:
        """Take the error: the command was not sent, or its reply can't be trusted."""
        self.among.discard(self)
        if not self.future.done():
            self.future.set_exception(error)


class _SideCommand:
    """A command sent before another, whose reply tells nothing new."""

    def __init__(self, *words: bytes) -> None:
        self.command = pack_command(*words)

    def on_reply(self, reply: Any) -> None:
        """Take the reply; an error reply is a reply."""

    def on_cut(self, *, late: bool) -> None:
        """Take note that the connection ended first; `late`: because it was given up."""

    def on_failure(self, error: StoreError) -> None:
        """Take the error: the command was not sent, or its reply can't be trusted."""


class Router:
    """The channels of the running event loop."""

    def __init__(self, topology: Topology, handshake: Handshake, kind: ServerKind, name: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.losses = 0
        """How often a look-up channel was lost or the masters changed: what was read before may be superseded."""
        self._topology = topology
        self._handshake = handshake
        self._kind = kind
        self._name = name
        self._channels: dict[tuple[Address, ChannelPurpose], Channel] = {}
        self._ways: dict[tuple[int, ChannelPurpose], Channel] = {}  # from slots, as `_ways_of` leads
        self._ways_of = topology.slot_map
        self._unanswered: dict[ChannelPurpose, set[_Command]] = {purpose: set() for purpose in ChannelPurpose}
        self._turn: list[_Command] = []
        self._closed = False
        self._looking: asyncio.Task[None] | None = None
        self._keeping = self.loop.create_task(self._keep_channels())

    @property
    def masters(self) -> list[Address]:
        """Return the present masters, each once."""
        return self._topology.slot_map.masters

    def master_of(self, slot: int) -> Address | None:
        """Return the master of the slot, as far as is known; None = nobody serves it."""
        return self._topology.slot_map.master_of(slot)

    def waiting(self, purpose: ChannelPurpose) -> int:
        """Return the number of commands that wait for a reply."""
        return len(self._unanswered[purpose])

    def ask_slot(self, purpose: ChannelPurpose, slot: int, command: bytes) -> Future:
        """Send a packed command to the slot's master; return the future of its reply, or of a StoreError. Raises
        StoreBusy.
        """
        unanswered = self._unanswered[purpose]
        if len(unanswered) >= QUEUE_LIMIT:
            raise StoreBusy(f"{QUEUE_LIMIT} commands are waiting for {self._name}: try again")
        ask = _Command(self, purpose, slot, command, unanswered)
        unanswered.add(ask)
        self._post_command(ask)
        return ask.future

    def ask_node(self, address: Address, purpose: ChannelPurpose, command: bytes) -> Future:
        """Send a packed command to this node, whatever it serves; return the future of its reply."""
        future = self.ask_slot(purpose, 0, command)
        self._turn[-1].address = address
        return future

    def drop_node(self, address: Address) -> None:
        """End all connections to a node that lost its role."""
        for channel in [channel for channel in self._channels.values() if channel.address == address]:
            channel.drop_connection()
        self._look_soon()

    async def close(self, seconds: float) -> None:
        """Wait at most so many seconds for the replies that are due, then end all connections."""
        if any(self._unanswered.values()):
            on_their_way = [ask.future for _, ask in self._each_unanswered()]
            await asyncio.wait(on_their_way, timeout=seconds)
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)

    def command_cut(self, ask: _Command, *, late: bool) -> None:
        """Handle a connection that ended before the reply: a read is sent again, once."""
        written = ask.purpose is ChannelPurpose.WRITE
        if late:
            ask.on_failure(faults.late_error(self._name, written=written))
        elif written or ask.tries or self._closed:
            ask.on_failure(faults.cut_error(self._name, written=written))
        else:
            self._send_again(ask)

    def command_refused(self, ask: _Command, error: ReplyError) -> None:
        """Send a refused command to the right node, or again in a moment; else fail it. It was not done."""
        code = faults.code_of(error)
        if ask.tries >= _MOST_TRIES:
            return ask.on_failure(faults.refused_error(error, self._name))
        if code == "MOVED":
            self._look_soon()
            self._send_again(ask, _named_node(error, ask))
        elif code == "ASK":
            ask.tries += 1
            self._channel_to(_named_node(error, ask), ask.purpose).send_commands(
                [_SideCommand(b"ASKING"), ask]
            )
        elif code == "NOSCRIPT":
            loads = [_SideCommand(b"SCRIPT", b"LOAD", script.text) for script in scripts.EVERY]
            if (channel := self._channel_of(ask)) is not None:
                ask.tries += 1
                return channel.send_commands([*loads, ask])
            ask.on_failure(self._no_master_error())
        elif code in ("TRYAGAIN", "READONLY"):
            self._look_soon()
            pause = _PAUSE * 2**ask.tries * random.uniform(0.5, 1)  # noqa: S311 - spreads, hides nothing
            self.loop.call_later(pause, self._send_again, ask)
        else:
            if code in faults.ASTRAY:
                self._look_soon()
            ask.on_failure(faults.refused_error(error, self._name))

    def _send_again(self, ask: _Command, address: Address | None = None) -> None:
        ask.tries += 1
        ask.address = address
        self._post_command(ask)

    def _post_command(self, ask: _Command) -> None:
        if not self._turn:
            self.loop.call_soon(self._flush_turn)
        self._turn.append(ask)

    def _flush_turn(self) -> None:
        """Send the commands of this turn of the loop."""
        turn, self._turn = self._turn, []
        together: defaultdict[Channel, list[Sendable]] = defaultdict(list)
        for ask in turn:
            if ask.future.done():  # its caller has gone
                ask.among.discard(ask)
            elif (channel := self._channel_of(ask)) is None:
                self._look_soon()
                ask.on_failure(self._no_master_error())
            else:
                together[channel].append(ask)
        for channel, asks in together.items():
            channel.send_commands(asks)

    def _channel_of(self, ask: _Command) -> Channel | None:
        if ask.address is not None:
            return self._channel_to(ask.address, ask.purpose)
        if self._ways_of is not self._topology.slot_map:
            self._ways_of = self._topology.slot_map
            self._ways.clear()
        channel = self._ways.get((ask.slot, ask.purpose))
        if channel is None and (master := self._topology.slot_map.master_of(ask.slot)) is not None:
            channel = self._ways[ask.slot, ask.purpose] = self._channel_to(master, ask.purpose)
        return channel

    def _channel_to(self, address: Address, purpose: ChannelPurpose) -> Channel:
        channel = self._channels.get((address, purpose))
        if channel is None:
            channel = self._channels[address, purpose] = Channel(
                address, purpose, self._handshake, self._on_loss
            )
        return channel

    def _on_loss(self, channel: Channel) -> None:
        if channel.purpose is ChannelPurpose.LOOK_UP:
            self.losses += 1
        self._look_soon()

    def _no_master_error(self) -> StoreUnavailable:
        return StoreUnavailable(f"{self._name}: no node serves this shard now")

    def _look_soon(self) -> None:
        """Refresh the topology, unless that is under way; many failures at once cause one refresh."""
        if self._kind is not ServerKind.SINGLE and self._looking is None and not self._closed:
            self._looking = self.loop.create_task(self._refresh_topology())

    async def _refresh_topology(self) -> None:
        try:
            with suppress(StoreError):  # who needs it meets the failure itself
                if await self._topology.refresh_map():
                    self.losses += 1
                    self._forget_others()
            await asyncio.sleep(random.uniform(_LOOK_AGAIN, 2 * _LOOK_AGAIN))  # noqa: S311
        finally:
            self._looking = None

    def _forget_others(self) -> None:
        """Close the channels to nodes that are masters no more."""
        masters = set(self._topology.slot_map.masters)
        for key in [key for key in self._channels if key[0] not in masters]:
            self._channels.pop(key).close()

    async def _keep_channels(self) -> None:
        """Give up servers that don't reply; when the loop or the router ends, end every connection."""
        try:
            while True:
                await asyncio.sleep(_CHECKED_EVERY)
                for channel in list(self._channels.values()):
                    channel.check_health()
        finally:
            self._closed = True
            endings = [ending for channel in self._channels.values() for ending in channel.close()]
            self._channels.clear()
            if self._looking is not None:
                self._looking.cancel()
                endings.append(self._looking)
            if endings:
                await asyncio.wait(endings, timeout=_CHECKED_EVERY)

    def _each_unanswered(self) -> Iterator[tuple[ChannelPurpose, _Command]]:
        for purpose, asks in self._unanswered.items():
            for ask in list(asks):
                yield purpose, ask


def _named_node(error: ReplyError, ask: _Command) -> Address:
    """Return the node that MOVED or ASK names. A reply without a host means the host that sent it."""
    host, _, port = str(error).split(" ")[2].rpartition(":")
    sender = ask.address.host if ask.address else ""
    return Address(host.strip("[]") or sender, int(port))
