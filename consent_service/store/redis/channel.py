"""Channel: the connection to one node for one purpose, opened when it is needed and again after it was lost.

However many want it, one attempt is under way. After a failure everybody is refused at once until a short, growing,
random time has passed, so that a node that comes back isn't met by all processes together. Knows no slots and no
retries of commands.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from hiredis import HiredisError, ReplyError

from consent_service.errors import StoreError
from consent_service.store.redis.address import Address
from consent_service.store.redis.connection import Connection, Waiter, pack_command
from consent_service.store.redis.faults import late_error, unreachable_error
from consent_service.store.redis.handshake import ChannelPurpose, Handshake

CONNECT_TIMEOUT: Final = 1.0
"""Seconds for a new connection with all that is said on it first; it is the first look-up to fail that asks
for another master."""

_WRITE_TIMEOUT: Final = 2.0
"""The same for those who can wait longer than a flag: as long as a choice may take."""

_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 1.0
_PROMISE_HOLDS: Final = 2.0
"""Seconds after which a server that is written to is asked anew what it promises."""

_WAIT_MILLISECONDS: Final = 1000
"""Milliseconds for replicas to confirm a commit: less than its caller waits."""


class Sendable(Waiter, Protocol):
    """A packed command whose sender waits for the reply."""

    @property
    def command(self) -> bytes:
        """Return the packed command."""

    def on_failure(self, error: StoreError) -> None:
        """Take the error: the command was not sent, or its reply can't be trusted."""


class Channel:
    """One connection at a time to one node."""

    def __init__(
        self,
        address: Address,
        purpose: ChannelPurpose,
        handshake: Handshake,
        on_loss: Callable[[Channel], None],
    ) -> None:
        self.address = address
        self.purpose = purpose
        self._timeout = CONNECT_TIMEOUT if purpose is ChannelPurpose.LOOK_UP else _WRITE_TIMEOUT
        self._handshake = handshake
        self._on_loss = on_loss
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._held: list[Sendable] = []
        self._replicas = 0
        self._promised_at = 0.0
        self._renewing: asyncio.Task[None] | None = None
        self._failures = 0
        self._refusing_until = float("-inf")
        self._refusal: StoreError | None = None

    def send_commands(self, asks: Sequence[Sendable]) -> None:
        """Send these in order, or hold them until the channel is open."""
        if self._connection is not None:
            self._write_commands(self._connection, asks)
        elif self._refusal is not None and self._loop.time() < self._refusing_until:
            _fail_all(asks, self._refusal)
        else:
            self._held += asks
            if self._connecting is None:
                self._connecting = self._loop.create_task(self._open_connection())

    def check_health(self) -> None:
        """Give up a server that has owed a reply for too long; renew its promise of durability when that is due."""
        if self._connection is None:
            return
        self._connection.give_up_after(self.purpose.value)
        due = self._loop.time() - self._promised_at > _PROMISE_HOLDS
        if self.purpose is ChannelPurpose.WRITE and due and self._renewing is None:
            self._renewing = self._loop.create_task(self._renew_promise(self._connection))

    def drop_connection(self) -> None:
        """End the connection to a node that no longer has the role that the channel needs."""
        if self._connection is not None:
            self._connection.end()

    def close(self) -> list[asyncio.Future[Any]]:
        """Begin to close and return the futures to wait for."""
        endings: list[asyncio.Future[Any]] = []
        for task in (self._connecting, self._renewing):
            if task is not None:
                task.cancel()
                endings.append(task)
        if self._connection is not None:
            endings.append(self._connection.ended)
            self._connection.end()
        return endings

    def _write_commands(self, connection: Connection, asks: Sequence[Sendable]) -> None:
        payload = b"".join([ask.command for ask in asks])
        if not self._replicas:
            return connection.send(payload, asks)
        together = _Together(self.address, self._replicas)
        wait = pack_command("WAIT", self._replicas, _WAIT_MILLISECONDS)
        connection.send(payload + wait, [*(_Unconfirmed(ask, together) for ask in asks), together])

    async def _open_connection(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                if self._failures:
                    await asyncio.sleep(random.uniform(0, _FIRST_PAUSE))  # noqa: S311 - spreads, hides nothing
                result = await self._handshake.open_connection(
                    self.address, self.purpose, self._connection_lost
                )
        except (OSError, StoreError, HiredisError) as error:
            self._connecting = None
            self._refuse_for_now(unreachable_error(error, self.address))
        except asyncio.CancelledError:
            self._connecting = None
            _fail_all(
                self._take_waiting(), unreachable_error(ConnectionError("the store was closed"), self.address)
            )
            raise
        else:
            self._connecting, self._failures, self._refusal = None, 0, None
            self._connection, self._replicas = result
            self._promised_at = self._loop.time()
            self._write_commands(result.connection, self._take_waiting())

    async def _renew_promise(self, connection: Connection) -> None:
        """Ask the server again how many replicas must confirm: its settings and replicas may have changed since it
        was opened.
        """
        try:
            self._replicas = await self._handshake.replicas_to_confirm(connection, self.address, self.purpose)
            self._promised_at = self._loop.time()
        except (OSError, StoreError, HiredisError):
            connection.end()  # whoever opens the next one is told why
        finally:
            self._renewing = None

    def _refuse_for_now(self, error: StoreError) -> None:
        self._failures += 1
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**self._failures)
        self._refusing_until = self._loop.time() + random.uniform(longest / 2, longest)  # noqa: S311
        self._refusal = error
        self._on_loss(self)
        _fail_all(self._take_waiting(), error)

    def _connection_lost(self) -> None:
        if self._connection is not None:  # one that ends while it is result fails there
            self._connection = None
            self._failures = 1
            self._on_loss(self)

    def _take_waiting(self) -> list[Sendable]:
        held, self._held = self._held, []
        return held


class _Together:
    """The commands that one WAIT covers: none is answered before enough replicas have confirmed all of them.

    WAIT speaks for the connection it is sent on, so it follows its commands there.
    """

    def __init__(self, address: Address, replicas: int) -> None:
        self._address = address
        self._replicas = replicas
        self.done: list[tuple[Sendable, Any]] = []

    def on_reply(self, reply: Any) -> None:
        """Take the reply; an error reply is a reply."""
        if not isinstance(reply, ReplyError) and reply >= self._replicas:
            for ask, answer in self.done:
                ask.on_reply(answer)
        else:
            _fail_all(
                [ask for ask, _ in self.done], late_error(f"a replica of {self._address}", written=True)
            )

    def on_cut(self, *, late: bool) -> None:
        """Take note that the connection ended first; `late`: because it was given up."""
        for ask, _ in self.done:
            ask.on_cut(late=late)


class _Unconfirmed:
    """One of these commands; an error needs no confirmation."""

    def __init__(self, ask: Sendable, together: _Together) -> None:
        self._ask = ask
        self._together = together

    def on_reply(self, reply: Any) -> None:
        """Take the reply; an error reply is a reply."""
        if isinstance(reply, ReplyError):
            self._ask.on_reply(reply)
        else:
            self._together.done.append((self._ask, reply))

    def on_cut(self, *, late: bool) -> None:
        """Take note that the connection ended first; `late`: because it was given up."""
        self._ask.on_cut(late=late)


def _fail_all(asks: Sequence[Sendable], error: StoreError) -> None:
    for ask in asks:
        again = type(error)(str(error))  # one for each: a raised error gathers its raiser's traceback
        again.__cause__ = error.__cause__
        ask.on_failure(again)
