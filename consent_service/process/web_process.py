"""The web process: granian's main process, which starts the workers and respawns them on SIGHUP.

Run by the supervisor as `python -m consent_service.process.web_process RUNDIR PARENT WORKERS`.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer, WorkerProcess

from consent_service.config import Config
from consent_service.process import logs
from consent_service.process.parent_death import die_with
from consent_service.process.run_folder import RunFolder
from consent_service.process.web_worker import load_app
from consent_service.web.http.request_headers import MOST_HEAD

KILL_WORKERS_AFTER: Final = 10  # seconds to end the requests in flight
BACKLOG: Final = 4096
CONNECTIONS: Final = (
    16_384  # open at once in a worker; idle ones cost little, and refusing the next stops everybody
)
HEAD_BYTES: Final = (
    2 * MOST_HEAD
)  # beyond it the server answers 431 by itself, before the application is asked
OVERLAP: Final = 1.0  # seconds for a respawned worker, once it is ready, to listen before the old one stops
START_SECONDS: Final = 120.0  # for a respawned worker to get ready; after that the old one stops all the same


class OverlappingServer(MPServer):
    """granian, whose old worker stops only once the new one can serve, however slow the machine is."""

    def __init__(self, *arguments: Any, run: RunFolder, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._run = run

    def _spawn_worker(self, idx: int, **arguments: Any) -> WorkerProcess:  # type: ignore[override]
        worker: WorkerProcess = super()._spawn_worker(idx=idx, **arguments)
        if idx in self.respawned_wrks:  # not at the first start: then there is nobody whom it replaces
            self._let_start_wait(worker)
        return worker

    def _let_start_wait(self, worker: WorkerProcess) -> None:
        """Let this worker's `start`, which comes before the old one's end, return once the new one can serve."""
        start = worker.start

        def start_and_wait() -> None:
            """Start the worker; return once it can serve."""
            start()  # type: ignore[no-untyped-call]
            self._await_ready(worker)

        worker.start = start_and_wait  # type: ignore[method-assign]

    def _await_ready(self, worker: WorkerProcess) -> None:
        """Return when this worker is ready or dead, when the service is to end, or after `START_SECONDS`."""
        pid, deadline = worker.inner.pid, time.monotonic() + START_SECONDS
        while not self._run.is_worker_ready(pid) and worker.is_alive():  # type: ignore[no-untyped-call]
            if self.interrupt_signal or time.monotonic() > deadline:
                return
            time.sleep(0.02)


def make_server(config: Config, workers: int, run: RunFolder) -> MPServer:
    """Return granian, set up for this configuration. It keeps no access log: that would name addresses."""
    # granian has one clock for both: an idle connection, and a request's head that does not come to its end.
    http1 = HTTP1Settings(
        header_read_timeout=config.service.keep_alive_seconds * 1000, max_buffer_size=HEAD_BYTES
    )
    return OverlappingServer(
        "consent_service.process.web_worker:load_app",
        address=config.service.host,
        port=config.service.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        respawn_failed_workers=True,
        respawn_interval=OVERLAP,
        workers_kill_timeout=KILL_WORKERS_AFTER,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        http1_settings=http1,
        log_dictconfig=logs.library_logging("web"),
        run=run,
    )


def main(arguments: Sequence[str]) -> None:
    """Serve until SIGTERM; SIGHUP respawns the workers one after the other."""
    folder, parent, workers = arguments
    # Until granian listens for it. Nothing is missed: no worker has read its configuration yet.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    die_with(int(parent))
    logs.configure_logs("web")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection is an open file
    # Not fork: a forked worker would inherit this process's handlers and swallow a SIGTERM sent before its own.
    multiprocessing.set_start_method("spawn")
    os.environ["CONSENT_RUN_DIR"] = folder
    run = RunFolder(Path(folder))
    make_server(run.read_config(os.environ), int(workers), run).serve(
        target_loader=load_app, wrap_loader=False
    )


if __name__ == "__main__":
    main(sys.argv[1:])
