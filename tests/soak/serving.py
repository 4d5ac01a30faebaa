"""A service that may be killed in parts or whole, and started again on the same store."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.configuration import NO_LIMITS, consent_toml, sqlite_url, write_config
from tests.support.processes import family, signal_all, survivors
from tests.support.service import Service

SITE: Final = "acme"
SHOP: Final = "https://shop.example"

WORKER, WEB, WORK = (
    "--multiprocessing-fork",
    "consent_service.process.web_process",
    "consent_service.process.work_process",
)
"""Words in the command lines of the parts: a web worker, granian's main process, the work process."""


class Server(Service):
    """One of the services that share a folder, each with a configuration and a log of its own."""

    def __init__(
        self, folder: Path, port: int, store: str, *, workers: int, under: Sequence[str] = ()
    ) -> None:
        config = f"consent-{port}.toml"
        super().__init__(folder, port, "--workers", str(workers), config=config, under=under)
        self.store = store
        self._workers = workers
        text = consent_toml(folder, port, store=store, origins=[SHOP], more=NO_LIMITS)
        write_config(folder, text, config)
        (folder / "keys.json").chmod(0o600)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        """Return True if every part runs and the service takes traffic."""
        parts = len(self.pids(WORKER)) == self._workers and self.pids(WEB) and self.pids(WORK)
        return bool(parts) and super().is_ready()

    def kill(self) -> None:
        """Send SIGKILL to every process at once, and to whatever wraps them; return once all have ended."""
        self.kill_these(family(self.process.pid))
        self.ended()
        self._process = None

    def kill_these(self, pids: Sequence[int]) -> None:
        """Send SIGKILL to these processes; return once they have ended."""
        signal_all(pids, signal.SIGKILL)
        assert survivors(pids) == []


@contextmanager
def serving(
    folder: Path, port: int, *, store: str | None = None, workers: int = 2, under: Sequence[str] = ()
) -> Iterator[Server]:
    """Yield a server that is ready; stop it on the way out, whatever the test did to it.

    `store`: its URL, that of a SQLite file in the folder if not given. `under`: a command to run it under.
    """
    server = Server(folder, port, store or sqlite_url(folder), workers=workers, under=under)
    try:
        server.start()
        yield server
    finally:
        server.stop()
