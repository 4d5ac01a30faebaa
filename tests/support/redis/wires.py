"""Wires: loopback ports that lead to other ports, and that can be cut without either end being told.

Knows bytes alone. They run in a thread of their own, so that a test may block its loop, or have none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from tests.support.redis.server import HOST

_PIECE = 65_536


class Wire(NamedTuple):
    """From whom, and to which of the ports that were laid."""

    source: str
    port: int


class Wires:
    """Data sent over a cut wire vanishes, and so does all that follows on that connection: it ends when the wire
    is whole again, and a new one works.
    """

    def __init__(self) -> None:
        self._is_cut: Callable[[Wire], bool] = lambda _wire: False
        self._opened: list[Wire] = []
        self._broken: set[tuple[Wire, asyncio.Task[None]]] = set()
        self._ending = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = ThreadPoolExecutor(1, "wires")
        self._running = self._thread.submit(self._loop.run_until_complete, self._run())

    def lay(self, port: int, target: int) -> None:
        """Listen on `port`; whatever comes there goes on to `target`."""
        asyncio.run_coroutine_threadsafe(self._listen(port, target), self._loop).result()

    def cut(self, which: Callable[[Wire], bool]) -> None:
        """From now on these are cut, and no others."""
        self._is_cut = which
        self._loop.call_soon_threadsafe(self._end_the_broken)

    def opened(self, port: int) -> int:
        """Return the number of connections to this port so far."""
        return sum(wire.port == port for wire in self._opened)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._running.result()
        self._loop.close()
        self._thread.shutdown()

    async def _run(self) -> None:
        await self._ending.wait()
        everything = asyncio.all_tasks() - {asyncio.current_task()}
        for task in everything:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)

    async def _listen(self, port: int, target: int) -> None:
        async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            wire = Wire(writer.get_extra_info("peername")[0], port)
            self._opened.append(wire)
            with suppress(OSError, asyncio.CancelledError):
                await self._connect(wire, target, reader, writer)
            writer.close()

        server = await asyncio.start_server(lead, HOST, port)
        asyncio.create_task(_serve(server))  # noqa: RUF006 - ends with all others

    def _end_the_broken(self) -> None:
        for wire, way in self._broken:
            if not self._is_cut(wire):
                way.cancel()

    async def _connect(
        self, wire: Wire, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = await asyncio.open_connection(HOST, target)
        broken = asyncio.Event()
        halves = [self._carry(wire, broken, *ends) for ends in ((reader, back), (there, writer))]
        ways = [asyncio.create_task(half) for half in halves]
        watched = {(wire, way) for way in ways}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            back.close()
            self._broken -= watched
            for way in ways:
                way.cancel()

    async def _carry(
        self, wire: Wire, broken: asyncio.Event, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        """One direction, until an end closes."""
        me = asyncio.current_task()
        assert me is not None
        with suppress(OSError):
            while piece := await source.read(_PIECE):
                if self._is_cut(wire):
                    broken.set()
                    self._broken.add((wire, me))
                if not broken.is_set():
                    sink.write(piece)


async def _serve(server: asyncio.Server) -> None:
    async with server:
        await server.serve_forever()
