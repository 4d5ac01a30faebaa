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
from consent_service.store.redis.faults import refused_error

Word = bytes | str | int


def pack_command(*words: Word) -> bytes:
    """Return one command in the servers' wire format."""
    return hiredis.pack_command(words)  # type: ignore[arg-type, no-any-return]  # its stub asks for one word


class Waiter(Protocol):
    """The receiver of one reply. Exactly one of its two methods is called, once."""

    def on_reply(self, reply: Any) -> None:
        """Take the reply; an error reply is a reply."""

    def on_cut(self, *, late: bool) -> None:
        """Take note that the connection ended first; `late`: because it was given up."""


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
        """Return the end of the certificate's validity in Unix seconds; None without TLS."""
        certificate = self._transport and self._transport.get_extra_info("peercert")
        return int(ssl.cert_time_to_seconds(certificate["notAfter"])) if certificate else None

    def send(self, payload: bytes, waiters: Sequence[Waiter]) -> None:
        """Send commands that were packed one after the other; one waiter for each."""
        if self._transport is None or self._transport.is_closing():
            for waiter in waiters:
                waiter.on_cut(late=False)
            return
        if not self._waiting:
            self._progress = self._loop.time()
        self._waiting.extend(waiters)
        self._transport.write(payload)

    async def ask(self, *words: Word) -> Any:
        """Send one command and return its reply. Raises hiredis.ReplyError, or ConnectionError when the connection
        ends.
        """
        waiter = _Answer(self._loop.create_future())
        self.send(pack_command(*words), [waiter])
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
        """End the connection now and tell every waiter."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """End the connection and wait until its socket is closed."""
        self.end()
        await self.ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport. Called by asyncio."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class

    def data_received(self, data: bytes) -> None:
        """Hand the replies in these bytes to their waiters, in order. Called by asyncio."""
        self._progress = self._loop.time()
        reader, waiting = self._reader, self._waiting
        try:
            reader.feed(data)
            while waiting and (reply := reader.gets()) is not False:  # hiredis's word for "not yet"
                waiting.popleft().on_reply(reply)
            if not waiting and reader.has_data():  # nobody asked for that
                self.end()
        except hiredis.ProtocolError:  # whatever speaks there is no Redis
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every waiter that the connection ended. Called by asyncio."""
        self._transport = None
        waiting, self._waiting = self._waiting, deque()
        self._on_end()
        for waiter in waiting:
            waiter.on_cut(late=self._given_up)
        if not self.ended.done():
            self.ended.set_result(None)


class _Answer:
    """A waiter that is a future."""

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self.future = future

    def on_reply(self, reply: Any) -> None:
        """Take the reply; an error reply is a reply."""
        if self.future.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            self.future.set_exception(reply)
        else:
            self.future.set_result(reply)

    def on_cut(self, *, late: bool) -> None:
        """Take note that the connection ended first; `late`: because it was given up."""
        if not self.future.done():
            self.future.set_exception(
                TimeoutError() if late else ConnectionError("the connection was closed")
            )


class Login:
    """Credentials of a connection: TLS, user, password, database."""

    def __init__(self, context: ssl.SSLContext | None, user: str, password: str, database: int) -> None:
        self._context = context
        self._user = user
        self._password = password
        self._database = database

    async def connect(self, address: Address, on_end: Callable[[], None]) -> Connection:
        """Open a connection, log in and return it. Raises OSError, or StoreUnavailable when the server refuses."""
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
            raise refused_error(
                error, address
            ) from None  # the cause quotes no password, but need not be trusted
        except BaseException:
            await connection.close()
            raise
        return connection
