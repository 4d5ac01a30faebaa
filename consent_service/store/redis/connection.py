"""Connection: bytes to one server and replies back, in order, many commands at once.

Knows the wire alone: no keys, no nodes, no retries. Whoever waits is told its reply, or that the connection ended
first; an error reply is a reply.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import hiredis

from consent_service.store.redis.address import Address
from consent_service.store.redis.faults import refused

Word = bytes | str | int


def pack(*words: Word) -> bytes:
    """One command in the servers' own notation."""
    return hiredis.pack_command(words)  # type: ignore[arg-type, no-any-return]  # its stub asks for one word


class Waiter(Protocol):
    """Somebody who waits for one reply. Exactly one of the two is called, once."""

    def answered(self, reply: Any) -> None: ...

    def cut(self, *, late: bool) -> None:
        """The connection ended first; `late`: because it was given up."""


class Connection(asyncio.Protocol):
    """One open connection; made by `connect`."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._waiting: deque[Waiter] = deque()
        self._transport: asyncio.Transport | None = None
        self._progress = 0.0
        self._suspected = False
        self._given_up = False
        self.ended: asyncio.Future[None] = self._loop.create_future()

    @property
    def certificate_until(self) -> int | None:
        """Until when the server's certificate holds, Unix seconds; None without TLS."""
        certificate = self._transport and self._transport.get_extra_info("peercert")
        return int(ssl.cert_time_to_seconds(certificate["notAfter"])) if certificate else None

    def send(self, payload: bytes, waiters: Sequence[Waiter]) -> None:
        """Send commands that were packed one after the other; one waiter for each."""
        if self._transport is None or self._transport.is_closing():
            for waiter in waiters:
                waiter.cut(late=False)
            return
        if not self._waiting:
            self._progress = self._loop.time()
        self._waiting.extend(waiters)
        self._transport.write(payload)

    async def ask(self, *words: Word) -> Any:
        """Send one command and wait for its reply. Raises hiredis.ReplyError, or ConnectionError when it ends."""
        waiter = _Answer(self._loop.create_future())
        self.send(pack(*words), [waiter])
        return await waiter.future

    def give_up_after(self, timeout: float) -> None:
        """End the connection when its server has owed an answer for so many seconds without sending anything.

        The silence must be seen twice in a row: a loop that was busy that long looks at its clock before it reads
        what has come.
        """
        silent = bool(self._waiting) and self._loop.time() - self._progress > timeout
        if silent and self._suspected:
            self._given_up = True
            self.end()
        self._suspected = silent

    def end(self) -> None:
        """End the connection now; whoever waits is told."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """End the connection and wait until its socket is closed."""
        self.end()
        await self.ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class

    def data_received(self, data: bytes) -> None:
        self._progress = self._loop.time()
        reader, waiting = self._reader, self._waiting
        try:
            reader.feed(data)
            while waiting and (reply := reader.gets()) is not False:  # hiredis's word for "not yet"
                waiting.popleft().answered(reply)
            if not waiting and reader.has_data():  # nobody asked for that
                self.end()
        except hiredis.ProtocolError:  # whatever speaks there is no Redis
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        waiting, self._waiting = self._waiting, deque()
        self._on_end()
        for waiter in waiting:
            waiter.cut(late=self._given_up)
        if not self.ended.done():
            self.ended.set_result(None)


class _Answer:
    """A waiter that is a future."""

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self.future = future

    def answered(self, reply: Any) -> None:
        if self.future.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            self.future.set_exception(reply)
        else:
            self.future.set_result(reply)

    def cut(self, *, late: bool) -> None:
        if not self.future.done():
            self.future.set_exception(
                TimeoutError() if late else ConnectionError("the connection was closed")
            )


class Login:
    """How to be let in: TLS, user, password, database."""

    def __init__(self, context: ssl.SSLContext | None, user: str, password: str, database: int) -> None:
        self._context = context
        self._user = user
        self._password = password
        self._database = database

    async def connect(self, address: Address, on_end: Callable[[], None]) -> Connection:
        """Open a connection and log in. Raises OSError, or StoreUnavailable when the server refuses."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(on_end), address.host, address.port, ssl=self._context
        )
        try:
            if self._password:
                user = [self._user] if self._user else []
                await connection.ask("AUTH", *user, self._password)
            if self._database:
                await connection.ask("SELECT", self._database)
        except hiredis.ReplyError as error:
            await connection.close()
            raise refused(error, address) from None  # the cause quotes no password, but need not be trusted
        except BaseException:
            await connection.close()
            raise
        return connection
