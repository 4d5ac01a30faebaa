"""An open-loop generator: requests fall due at a fixed rate, whatever the server does.

A wait is counted from the moment at which the request fell due, not from when a connection was free for it, so a
server that stands still is charged with everything that it kept waiting. One thread, one request at a time on each
connection. Runs as a process of its own: the plan comes on its input, figures go to its output, SIGTERM ends it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import select
import signal
import socket
import sys
import time
from array import array
from collections.abc import Callable
from typing import Any, Final

from tests.bench.requests import Requests
from tests.bench.waits import Waits, waits

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Stream:
    """Requests of one kind: their rate a second, when they begin (seconds), how many at most (0: no end)."""

    def __init__(self, port: int, plan: dict[str, Any]) -> None:
        self.name: str = plan["name"]
        self.rate: float = plan["rate"]
        self.begin: float = plan.get("begin", 0.0)
        self.most: int = plan.get("most", 0)
        self.make: Callable[[], bytes] = Requests(plan["requests"]).next
        self.idle = [Connection(port, self) for _ in range(plan["connections"])]
        self.issued = 0
        self.starved = False  # no connection was free for what is due: not the generator's delay
        self.waits = array("d")
        self.late = array("d")
        self.refused = 0
        self.broken = 0

    def due(self) -> float:
        """Return when the next request falls due, in seconds from the start."""
        return self.begin + self.issued / self.rate if self.rate else self.begin

    @property
    def exhausted(self) -> bool:
        """True when everything was issued."""
        return bool(self.most) and self.issued >= self.most

    @property
    def finished(self) -> bool:
        """True when everything was issued and answered."""
        return self.exhausted and len(self.waits) + self.broken >= self.most


class Connection:
    """One connection with at most one request under way."""

    def __init__(self, port: int, stream: Stream) -> None:
        self.stream = stream
        self._port = port
        self.request = b""
        self.due = 0.0
        self.data = b""
        self.tries = 0
        self.connect()

    def connect(self) -> None:
        """Open it, again if the server closed it."""
        self.socket = socket.create_connection(("127.0.0.1", self._port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes, due: float) -> None:
        """Send a request that fell due at `due`."""
        self.request, self.due, self.data, self.tries = request, due, b"", 0
        self.socket.send(request)

    def receive(self) -> bool | None:
        """Return True when the answer is whole, False while it is not, None when the server closed instead."""
        try:
            part = self.socket.recv(65_536)
        except ConnectionError:
            part = b""
        if not part:
            return None
        self.data += part
        return _whole(self.data)


def _whole(data: bytes) -> bool:
    head = data.find(_HEAD_END)
    if head < 0:
        return False
    lower = data[:head].lower()
    at = lower.find(_LENGTH)
    if at < 0:
        return lower[9:12] in (b"204", b"304") or data.endswith(b"0\r\n\r\n")
    end = lower.find(b"\r", at)
    length = int(lower[at + len(_LENGTH) : end if end >= 0 else len(lower)])
    return len(data) >= head + 4 + length


class Generator:
    """Drives the streams of one plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._streams = [Stream(plan["port"], each) for each in plan["streams"]]
        self._seconds: float = plan["seconds"]
        self._poll = select.epoll()
        self._by_number: dict[int, Connection] = {}
        for stream in self._streams:
            for connection in stream.idle:
                self._watch(connection)
        self.ended = False

    def run(self) -> dict[str, Waits]:
        """Drive until the time is over, every stream with an end is finished, or it was told to end."""
        bounded = [stream for stream in self._streams if stream.most]
        start = self._start = time.monotonic()
        while not self.ended:
            now = time.monotonic() - start
            if now >= self._seconds or (bounded and all(stream.finished for stream in bounded)):
                break
            for stream in self._streams:
                self._issue(stream, now)
            for number, _ in self._poll.poll(0):
                self._receive(self._by_number[number])
        self._charge_unanswered(time.monotonic() - start)
        self._poll.close()
        for connection in self._by_number.values():
            connection.socket.close()
        return {stream.name: self._figures(stream) for stream in self._streams}

    def _charge_unanswered(self, now: float) -> None:
        """Count what fell due and was not answered by the end as having waited until then."""
        for connection in self._by_number.values():
            if connection.request:
                connection.stream.waits.append(now - connection.due)
        for stream in self._streams:
            while stream.rate and not stream.exhausted and (due := stream.due()) <= now:
                stream.issued += 1
                stream.waits.append(now - due)

    def _issue(self, stream: Stream, now: float) -> None:
        """Send what is due, as far as connections are free."""
        while stream.idle and not stream.exhausted and (due := stream.due()) <= now:
            connection = stream.idle.pop()
            connection.send(stream.make(), due)
            stream.issued += 1
            if not stream.starved:
                stream.late.append(now - due)
        stream.starved = not stream.idle and not stream.exhausted and stream.due() <= now

    def _receive(self, connection: Connection) -> None:
        stream, whole = connection.stream, connection.receive()
        if whole is None:
            self._closed(connection)
        if not whole:
            return
        stream.waits.append(time.monotonic() - self._start - connection.due)
        if connection.data[9:10] not in (b"2", b"3"):
            stream.refused += 1
        connection.request = b""
        stream.idle.append(connection)

    def _closed(self, connection: Connection) -> None:
        """Connect again, and send once more what was under way: the wait goes on from when it fell due."""
        number = connection.socket.fileno()
        self._poll.unregister(number)
        del self._by_number[number]
        connection.socket.close()
        connection.connect()
        self._watch(connection)
        if connection.request:
            connection.data = b""
            connection.tries += 1
            if connection.tries > 3:
                connection.stream.broken += 1
                connection.request = b""
                return connection.stream.idle.append(connection)
            with contextlib.suppress(ConnectionError):
                connection.socket.send(connection.request)

    def _watch(self, connection: Connection) -> None:
        self._poll.register(connection.socket, select.EPOLLIN)
        self._by_number[connection.socket.fileno()] = connection

    def _figures(self, stream: Stream) -> Waits:
        return waits(stream.waits, stream.late, stream.refused, stream.broken)


def main() -> None:
    """Read the plan, drive it, print the figures."""
    generator = Generator(json.load(sys.stdin))
    gc.disable()  # its pauses would be charged to the server
    signal.signal(signal.SIGTERM, lambda *_: setattr(generator, "ended", True))
    print("started", flush=True)
    figures = generator.run()
    print(json.dumps({name: each._asdict() for name, each in figures.items()}), flush=True)


if __name__ == "__main__":
    main()
