"""Service: the real `consent-service serve` in a process of its own, as an operator starts it.

Every process is ended by its id, also when a test fails.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tests.support.configuration import write_config
from tests.support.processes import command_line, family, fetch, signal_all, survivors
from tests.support.waiting import DEADLINE, eventually

CLI: Final = [sys.executable, "-c", "from consent_service.cli.main import main; main()"]
"""The command line, with the tests' own Python."""


class Service:
    """One service on loopback, its log in a file of its folder. It may be started again once it has ended.

    `config`: the configuration's name in the folder. `under`: a command to run it under. `env`: further variables.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *options: str,
        config: str = "consent.toml",
        under: Sequence[str] = (),
        env: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self.port = port
        self.log = folder / f"{Path(config).stem}.log"
        self._env = os.environ | {
            "CONSENT_KEYS_FILE": str(folder / "keys.json"),
            "XDG_RUNTIME_DIR": str(folder),
            **env,
        }
        self._command = [*under, *CLI, "serve", "--config", str(folder / config), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The supervisor's process, or that of the command that it runs under."""
        assert self._process is not None, "it was not started"
        return self._process

    def launch(self) -> None:
        """Start it, and return at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._env, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )

    def start(self) -> None:
        """Start it, and return once it is ready."""
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return once it is ready by its own word. Raises AssertionError with its log if it ends before."""
        eventually(lambda: self.process.poll() is not None or self.is_ready())
        assert self.process.poll() is None, self.log.read_text()

    def is_ready(self) -> bool:
        """Return True if it takes traffic. Raises OSError while it does not listen."""
        return fetch(self.port, "/readyz").status == 200

    def readyz(self) -> dict[str, str]:
        """Return the probe's answer, as soon as anybody listens."""
        return eventually(lambda: json.loads(fetch(self.port, "/readyz").body))

    def events(self) -> list[dict[str, Any]]:
        """Return the log's lines so far."""
        complete, _, _ = self.log.read_text().rpartition("\n")
        return [json.loads(line) for line in complete.splitlines() if line.startswith("{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the log's lines of one kind so far."""
        return [line for line in self.events() if line["event"] == event]

    def pids(self, part: str = "") -> list[int]:
        """Return the processes of the service whose command line holds `part`."""
        return [pid for pid in family(self.process.pid) if part in command_line(pid)]

    def signal(self, signum: signal.Signals) -> None:
        """Send the signal to the process that was started."""
        self.process.send_signal(signum)

    def ended(self) -> int:
        """Return the exit status, once it has ended."""
        return self.process.wait(DEADLINE)

    def stop(self) -> None:
        """Send SIGTERM, as an operator stops it; what does not end of itself is killed, and fails the test."""
        if self._process is None:
            return
        started = family(self._process.pid)
        signal_all(started, signal.SIGCONT)  # a stopped one could not hear of it
        signal_all(self.pids(" serve ")[-1:], signal.SIGTERM)  # the supervisor itself, not what wraps it
        left = survivors(started)
        signal_all(left, signal.SIGKILL)
        self._process.wait(DEADLINE)
        self._process = None
        assert left == [], self.log.read_text()


@contextmanager
def serving(
    folder: Path, text: str, port: int, *options: str, env: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Service]:
    """Yield a service that is ready, under this configuration; stop it at the end, whatever the test did to it."""
    write_config(folder, text)
    service = Service(folder, port, *options, env=env)
    try:
        service.start()
        yield service
    finally:
        service.stop()
