"""The work process: what must not share the flag's loop: the metrics' listener and gauges, sealing the ledger.

Run by the supervisor as `python -m consent_service.process.work RUNDIR PARENT WORKERS`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog

from consent_service.config import digest
from consent_service.process import logs, metrics
from consent_service.process.gauges import WorkGauges
from consent_service.process.parent import die_with
from consent_service.process.rundir import RunDir
from consent_service.process.sealing import Sealing

_log = structlog.get_logger("consent_service.process")


async def work(ours: RunDir) -> None:
    """Work until SIGTERM; SIGHUP re-reads the configuration."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    sealing, gauges = Sealing(), WorkGauges()

    def take_on() -> None:
        config = ours.read(os.environ)
        sealing.start(config)
        gauges.start(config)
        _log.info("working", config=digest(config))

    loop.add_signal_handler(signal.SIGHUP, take_on)
    service = ours.read(os.environ).service
    with ExitStack() as listeners:
        if service.metrics_port:
            listeners.enter_context(
                metrics.listening(service.metrics_host, service.metrics_port, ours.metrics)
            )
        take_on()
        await stop.wait()
        await sealing.end()
        await gauges.end()


def main(arguments: Sequence[str]) -> None:
    """Set this process up and work."""
    folder, parent = arguments[:2]
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the loop listens for it; nothing was read yet
    die_with(int(parent))
    logs.configure("work")
    asyncio.run(work(RunDir(Path(folder))))


if __name__ == "__main__":
    main(sys.argv[1:])
