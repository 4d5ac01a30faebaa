"""The servers that are compared, each a process family on one core, all under one folder.

Knows how each is started and when it is ready; knows nothing of load or figures.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from consent_service.identity.key_ring import KeyRing, encode_ring
from tests.bench.machine import pinned
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE

ORIGIN: Final = "http://shop.test"
SITE: Final = "acme"
_STOPPED_WITHIN: Final = 20.0
_PYTHON: Final = [sys.executable, "-m"]
COMMAND: Final = str(Path(sys.executable).with_name("consent-service"))

CONFIG: Final = """\
[service]
public_url = "https://privacy.test"
store = "{store}"
port = {port}
metrics_port = {metrics_port}

[business]
name = "Acme"

[flag]
cache = {cache}

[limits]
writes_per_minute = 0

[sites.acme]
name = "Acme"
origins = ["http://shop.test"]
regime = "us-ca"
"""

ARCHIVE: Final = """
[ledger]
archive = "{archive}"
seal_every = 86400
"""


class Server(NamedTuple):
    """A running server."""

    pid: int
    port: int
    metrics_port: int | None = None
    log: Path = Path(os.devnull)

    @property
    def url(self) -> str:
        """Address that it listens on."""
        return f"http://127.0.0.1:{self.port}"


class Workshop:
    """One folder, one key ring, and the ways to start each server in it."""

    def __init__(self, folder: Path, ring: KeyRing, command: str = COMMAND) -> None:
        """`command`: the `consent-service` to start, for instance an earlier version's."""
        self._command = command
        self._folder = folder
        self._environment = {**os.environ, "CONSENT_KEYS": encode_ring(ring)}

    def consent(
        self, core: int, *, store: str, cache: bool = True, archive: str = ""
    ) -> contextlib.AbstractContextManager[Server]:
        """The service as shipped: `consent-service serve` with one worker. With an archive it seals the ledger."""
        port, metrics_port, config = self._configured(store, cache, archive)
        command = [self._command, "serve", "--config", str(config), "--workers", "1"]
        # Not from here: its processes would find this tree's code before their own.
        return self._running(core, port, command, metrics_port, self._folder)

    def consent_on_uvicorn(self, core: int, *, store: str) -> contextlib.AbstractContextManager[Server]:
        """The same application on the other server."""
        port, _, config = self._configured(store, cache=True, archive="")
        self._environment["BENCH_CONFIG"] = str(config)
        return self._running(core, port, [*_uvicorn(port), "--factory", "tests.bench.apps:ours"])

    def empty_on_granian(
        self, core: int, interface: str, body: str
    ) -> contextlib.AbstractContextManager[Server]:
        """The empty application over `asgi` or `rsgi` on granian, set up as the service sets it up."""
        port = free_port()
        self._environment["BENCH_BODY"] = body
        options = ["--interface", interface, "--http", "1", "--no-ws", "--workers", "1", "--port", str(port)]
        app = {"asgi": "empty", "rsgi": "empty_rsgi"}[interface]
        command = [*_PYTHON, "granian", *options, "--loop", "uvloop", "--no-log", f"tests.bench.apps:{app}"]
        return self._running(core, port, command)

    def empty_on_uvicorn(self, core: int, body: str) -> contextlib.AbstractContextManager[Server]:
        """The empty application on uvicorn at its fastest."""
        port = free_port()
        self._environment["BENCH_BODY"] = body
        return self._running(core, port, [*_uvicorn(port), "--lifespan", "off", "tests.bench.apps:empty"])

    def _configured(self, store: str, cache: bool, archive: str) -> tuple[int, int, Path]:
        port, metrics_port = free_port(), free_port()
        config = self._folder / f"{port}.toml"
        facts = {"port": port, "metrics_port": metrics_port, "cache": str(cache).lower()}
        text = CONFIG.format(store=store, **facts) + (ARCHIVE.format(archive=archive) if archive else "")
        config.write_text(text)
        return port, metrics_port, config

    @contextlib.contextmanager
    def _running(
        self,
        core: int,
        port: int,
        command: list[str],
        metrics_port: int | None = None,
        where: Path | None = None,
    ) -> Iterator[Server]:
        log = self._folder / f"{port}.log"
        with started(command, core, port, log, self._environment, where) as process:
            yield Server(process.pid, port, metrics_port, log)


@contextlib.contextmanager
def started(
    command: list[str],
    core: int,
    port: int,
    log: Path,
    environment: dict[str, str],
    where: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server on one core, wait until it listens on the port, and end it at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned(core, command), env=environment, cwd=where, stdout=output, stderr=output
        )
    try:
        _wait_until_ready(process, port, log)
        yield process
    finally:
        process.terminate()
        process.wait(_STOPPED_WITHIN)


def _uvicorn(port: int) -> list[str]:
    fast = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [*_PYTHON, "uvicorn", *fast, "--port", str(port)]


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not come up:\n{log.read_text()}")
