"""The application on a real socket, in a thread with a loop of its own and a clock that the test's thread moves."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from tests.support.application import Running, running
from tests.support.clock import Clock


@dataclass(frozen=True)
class Listening:
    """A running application: its port on loopback, and what runs there."""

    port: int
    _service: Running

    @property
    def clock(self) -> Clock:
        """The service's clock."""
        return self._service.clock

    def logged(self) -> list[bytes]:
        """The lines of its access log so far."""
        self._service.app.parts.lines.flush()
        return b"".join(self._service.log).splitlines()


@contextmanager
def listening(
    folder: Path, port: int = 0, certificate: Path | None = None, key: Path | None = None, **options: Any
) -> Iterator[Listening]:
    """The service, as long as the block lasts; over TLS with a certificate. `options`: as `running` has them."""
    ready, started = threading.Event(), list[tuple[Running, int]]()
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        async with running(folder, **options) as service:
            server = uvicorn.Server(
                uvicorn.Config(
                    service.app,
                    lifespan="off",
                    log_level="critical",
                    ws="none",
                    timeout_graceful_shutdown=1,
                    ssl_certfile=certificate,
                    ssl_keyfile=key,
                )
            )
            loop = asyncio.get_running_loop()
            stop.append(lambda: loop.call_soon_threadsafe(setattr, server, "should_exit", True))
            opened = socket.create_server(("127.0.0.1", port))
            started.append((service, opened.getsockname()[1]))
            ready.set()  # the socket listens: a call that comes early waits
            await server.serve(sockets=[opened])
            for connection in [*server.server_state.connections]:  # whoever is there says no goodbye over TLS
                if not connection.transport.is_closing():
                    connection.transport.abort()
            await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    service, bound = started[0]
    try:
        yield Listening(bound, service)
    finally:
        stop[0]()
        thread.join(20)
        assert not thread.is_alive()
