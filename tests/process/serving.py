"""The real service in a process of its own, as an operator starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.process.configs import write_config
from tests.process.waiting import family, fetch, survivors
from tests.support.waiting import DEADLINE, eventually

CLI = [sys.executable, "-c", "from consent_service.cli.main import main; main()"]


class Service:
    """`consent-service serve` on loopback, its log in a file."""

    def __init__(self, folder: Path, port: int, *options: str, **env: str) -> None:
        self.folder = folder
        self.port = port
        self.log = folder / "log"
        ours = {"CONSENT_KEYS_FILE": str(folder / "keys.json"), "XDG_RUNTIME_DIR": str(folder)}
        command = [*CLI, "serve", "--config", str(folder / "consent.toml"), *options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stderr=log, cwd=folder, env=os.environ | ours | env, start_new_session=True
            )

    def events(self) -> list[dict[str, Any]]:
        """The log's lines so far."""
        complete, _, _ = self.log.read_text().rpartition("\n")
        return [json.loads(line) for line in complete.splitlines() if line.startswith("{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.events() if line["event"] == event]

    def readyz(self) -> dict[str, str]:
        """The probe's answer, as soon as anybody listens."""
        return eventually(lambda: json.loads(fetch(self.port, "/readyz").body))

    def signal(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)

    def ended(self) -> int:
        """The exit status, once it has ended."""
        return self.process.wait(DEADLINE)


@contextmanager
def serving(folder: Path, text: str, port: int, *options: str, **env: str) -> Iterator[Service]:
    """Yield a service that is ready; it is ended and swept on the way out, whatever the test did to it."""
    write_config(folder, text)
    service = Service(folder, port, *options, **env)
    try:
        eventually(lambda: service.process.poll() is not None or fetch(port, "/readyz").status == 200)
        assert service.process.poll() is None, service.log.read_text()
        yield service
    finally:
        started = family(service.process.pid)
        service.process.terminate()
        service.process.wait(DEADLINE)
        assert survivors(started) == []
