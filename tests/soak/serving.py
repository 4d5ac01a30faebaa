"""The real `consent-service serve`, which may be killed in parts or whole and started again on the same store.

Knows processes and ports, nothing of choices. Every process is ended by its id, also when a test fails.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from consent_service.identity.key_ring import encode_ring, new_ring
from tests.process.serving import CLI
from tests.process.waiting import family, fetch, survivors
from tests.support.waiting import eventually

SITE: Final = "acme"
SHOP: Final = "https://shop.example"
RING: Final = new_ring(1_795_341_600, b"s" * 32, b"h" * 32)

WORKER, WEB, WORK = (
    "--multiprocessing-fork",
    "consent_service.process.web_process",
    "consent_service.process.work_process",
)
"""What the command lines of the parts say: a web worker, granian's main process, the work process."""

_FACTS: Final = """
[service]
public_url = "http://127.0.0.1:{port}"
port = {port}
metrics_port = 0
store = "{store}"

[business]
name = "Acme"

[limits]
writes_per_minute = 0

[sites.acme]
name = "Acme Shop"
origins = ["{shop}"]
regime = "us-ca"
"""


class Server:
    """One service on loopback; its log is a file in its folder."""

    def __init__(
        self, folder: Path, port: int, store: str, *, workers: int, under: Sequence[str] = ()
    ) -> None:
        self.port = port
        self.store = store
        self.log = folder / f"log-{port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        config, keys = folder / f"consent-{port}.toml", folder / "keys.json"
        config.write_text(_FACTS.format(port=port, store=store, shop=SHOP))
        keys.write_text(encode_ring(RING))
        keys.chmod(0o600)
        self._env = os.environ | {"CONSENT_KEYS_FILE": str(keys), "XDG_RUNTIME_DIR": str(folder)}
        self._command = [*under, *CLI, "serve", "--config", str(config), "--workers", str(workers)]
        self._workers = workers

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it is ready."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._env, stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Until every part runs and the service is ready, by its own word."""
        process = self._running()
        eventually(lambda: process.poll() is not None or self._whole())
        assert process.poll() is None, self.log.read_text()

    def pids(self, part: str = "") -> list[int]:
        """The processes of the service whose command line says `part`."""
        return [pid for pid in family(self._running().pid) if part in _command_line(pid)]

    def kill(self) -> None:
        """`kill -9` of every process at once, and of whatever wraps them; returns once all have ended."""
        process = self._running()
        self.kill_these(family(process.pid))
        process.wait(20)
        self._process = None

    def kill_these(self, pids: Sequence[int]) -> None:
        """`kill -9` of these processes; returns once they have ended."""
        signal_all(pids, signal.SIGKILL)
        assert survivors(pids) == []

    def stop(self) -> None:
        """SIGTERM, as an operator stops it; what does not end of itself is killed."""
        if self._process is None:
            return
        started = family(self._process.pid)
        signal_all(started, signal.SIGCONT)  # a stopped one could not hear of it
        signal_all(self.pids(" serve ")[-1:], signal.SIGTERM)  # the supervisor itself, not what wraps it
        left = survivors(started)
        signal_all(left, signal.SIGKILL)
        self._process.wait(20)
        self._process = None
        assert left == [], self.log.read_text()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it was not started"
        return self._process

    def _whole(self) -> bool:
        parts = len(self.pids(WORKER)) == self._workers and self.pids(WEB) and self.pids(WORK)
        return bool(parts) and fetch(self.port, "/readyz").status == 200


def sqlite_url(folder: Path) -> str:
    """The URL of the file that services with this folder share."""
    return f"sqlite:///{folder}/consent.db"


@contextmanager
def serving(
    folder: Path, port: int, *, store: str | None = None, workers: int = 2, under: Sequence[str] = ()
) -> Iterator[Server]:
    """A server that is ready; ended on the way out, whatever the test did to it.

    `store`: its URL, that of a SQLite file in the folder if not given. `under`: a command to run it under.
    """
    server = Server(folder, port, store or sqlite_url(folder), workers=workers, under=under)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def signal_all(pids: Sequence[int], signum: signal.Signals) -> None:
    """Send the signal to each that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


def _command_line(pid: int) -> str:
    """Empty for a process that has gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""
