"""Channel: the way to one node for one purpose, opened when it is needed and again when it was lost.

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
from consent_service.store.redis.connection import Connection, Waiter, pack
from consent_service.store.redis.faults import late, unreachable
from consent_service.store.redis.handshake import Handshake, Purpose

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
"""How long replicas may take to confirm a commit: less than its caller waits."""


class Sendable(Waiter, Protocol):
    """A packed command whose sender waits for the reply."""

    @property
    def command(self) -> bytes: ...

    def failed(self, error: StoreError) -> None:
        """It was not sent, or can't be vouched for."""


class Channel:
    """One connection at a time to one node."""

    def __init__(
        self, address: Address, purpose: Purpose, handshake: Handshake, on_loss: Callable[[Channel], None]
    ) -> None:
        self.address = address
        self.purpose = purpose
        self._timeout = CONNECT_TIMEOUT if purpose is Purpose.LOOK_UP else _WRITE_TIMEOUT
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

    def send(self, asks: Sequence[Sendable]) -> None:
        """Send these in order, or hold them until the channel is open."""
        if self._connection is not None:
            self._write(self._connection, asks)
        elif self._refusal is not None and self._loop.time() < self._refusing_until:
            _fail(asks, self._refusal)
        else:
            self._held += asks
            if self._connecting is None:
                self._connecting = self._loop.create_task(self._connect())

    def check(self) -> None:
        """Give a server up that has owed an answer for too long; ask it now and then what it promises."""
        if self._connection is None:
            return
        self._connection.give_up_after(self.purpose.value)
        due = self._loop.time() - self._promised_at > _PROMISE_HOLDS
        if self.purpose is Purpose.WRITE and due and self._renewing is None:
            self._renewing = self._loop.create_task(self._renew(self._connection))

    def drop(self) -> None:
        """End the connection: who answers there is no longer who should."""
        if self._connection is not None:
            self._connection.end()

    def close(self) -> list[asyncio.Future[Any]]:
        """Begin to close; returns what to wait for."""
        endings: list[asyncio.Future[Any]] = []
        for task in (self._connecting, self._renewing):
            if task is not None:
                task.cancel()
                endings.append(task)
        if self._connection is not None:
            endings.append(self._connection.ended)
            self._connection.end()
        return endings

    def _write(self, connection: Connection, asks: Sequence[Sendable]) -> None:
        payload = b"".join([ask.command for ask in asks])
        if not self._replicas:
            return connection.send(payload, asks)
        together = _Together(self.address, self._replicas)
        wait = pack("WAIT", self._replicas, _WAIT_MILLISECONDS)
        connection.send(payload + wait, [*(_Unconfirmed(ask, together) for ask in asks), together])

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                if self._failures:
                    await asyncio.sleep(random.uniform(0, _FIRST_PAUSE))  # noqa: S311 - spreads, hides nothing
                result = await self._handshake.perform(self.address, self.purpose, self._lost)
        except (OSError, StoreError, HiredisError) as error:
            self._connecting = None
            self._refuse(unreachable(error, self.address))
        except asyncio.CancelledError:
            self._connecting = None
            _fail(self._take(), unreachable(ConnectionError("the store was closed"), self.address))
            raise
        else:
            self._connecting, self._failures, self._refusal = None, 0, None
            self._connection, self._replicas = result
            self._promised_at = self._loop.time()
            self._write(result.connection, self._take())

    async def _renew(self, connection: Connection) -> None:
        """Settings change and replicas come: what was promised when the connection was opened may not hold."""
        try:
            self._replicas = await self._handshake.promise(connection, self.address, self.purpose)
            self._promised_at = self._loop.time()
        except (OSError, StoreError, HiredisError):
            connection.end()  # whoever opens the next one is told why
        finally:
            self._renewing = None

    def _refuse(self, error: StoreError) -> None:
        self._failures += 1
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**self._failures)
        self._refusing_until = self._loop.time() + random.uniform(longest / 2, longest)  # noqa: S311
        self._refusal = error
        self._on_loss(self)
        _fail(self._take(), error)

    def _lost(self) -> None:
        if self._connection is not None:  # one that ends while it is result fails there
            self._connection = None
            self._failures = 1
            self._on_loss(self)

    def _take(self) -> list[Sendable]:
        held, self._held = self._held, []
        return held


class _Together:
    """The commands that one WAIT speaks for: nobody is told before enough replicas have confirmed them all.

    WAIT speaks for the connection it is sent on, so it follows its commands there.
    """

    def __init__(self, address: Address, replicas: int) -> None:
        self._address = address
        self._replicas = replicas
        self.done: list[tuple[Sendable, Any]] = []

    def answered(self, reply: Any) -> None:
        if not isinstance(reply, ReplyError) and reply >= self._replicas:
            for ask, answer in self.done:
                ask.answered(answer)
        else:
            _fail([ask for ask, _ in self.done], late(f"a replica of {self._address}", written=True))

    def cut(self, *, late: bool) -> None:
        for ask, _ in self.done:
            ask.cut(late=late)


class _Unconfirmed:
    """One of them; an error needs no confirmation."""

    def __init__(self, ask: Sendable, together: _Together) -> None:
        self._ask = ask
        self._together = together

    def answered(self, reply: Any) -> None:
        if isinstance(reply, ReplyError):
            self._ask.answered(reply)
        else:
            self._together.done.append((self._ask, reply))

    def cut(self, *, late: bool) -> None:
        self._ask.cut(late=late)


def _fail(asks: Sequence[Sendable], error: StoreError) -> None:
    for ask in asks:
        again = type(error)(str(error))  # one for each: a raised error gathers its raiser's traceback
        again.__cause__ = error.__cause__
        ask.failed(again)
