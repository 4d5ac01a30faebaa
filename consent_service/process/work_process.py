"""The work process: the work that must not share the flag's loop: metrics' listener, gauges, sealing the
ledger.

Run by the supervisor as `python -m consent_service.process.work_process RUNDIR PARENT WORKERS`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog

from consent_service.config import Config, config_digest
from consent_service.errors import ConsentError
from consent_service.process import logs, metrics_listener
from consent_service.process.gauges import WorkGauges
from consent_service.process.ledger_work import LedgerWork
from consent_service.process.parent_death import die_with
from consent_service.process.run_folder import RunFolder
from consent_service.services.configured_store import configured_store
from consent_service.services.key_rings import take_up

_log = structlog.get_logger("consent_service.process")


async def work_until_stopped(run: RunFolder) -> None:
    """Work until SIGTERM; SIGHUP re-reads the configuration."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    sealing, gauges = LedgerWork(), WorkGauges()

    def apply_config() -> None:
        """Start sealing and measuring under the configuration in the run folder."""
        config = run.read_config(os.environ)
        sealing.start(config)
        gauges.start(config)
        _log.info("working", config=config_digest(config))

    def reapply_config() -> None:
        """Apply the new configuration, and check its key ring against the store."""
        apply_config()
        checks.append(loop.create_task(_check_ring(run.read_config(os.environ))))
        del checks[:-1]

    checks = list[asyncio.Task[None]]()
    loop.add_signal_handler(signal.SIGHUP, reapply_config)
    service = run.read_config(os.environ).service
    with ExitStack() as listeners:
        if service.metrics_port:
            listeners.enter_context(
                metrics_listener.listen_for_metrics(
                    service.metrics_host, service.metrics_port, run.metrics_folder
                )
            )
        apply_config()
        await stop.wait()
        await sealing.end()
        await gauges.end()


async def _check_ring(config: Config) -> None:
    """Log what the ring of a reload lacks; at the start the supervisor has looked."""
    assert config.keys is not None
    try:
        async with configured_store(config.service) as store:
            lacks = await take_up(store, config.keys, int(time.time()))
    except ConsentError as error:
        _log.error("key ring not checked", error=type(error).__name__, reason=str(error))
        return
    for sentence in lacks:
        _log.warning("key ring lacks keys", reason=sentence)


def main(arguments: Sequence[str]) -> None:
    """Set this process up and work."""
    folder, parent = arguments[:2]
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the loop listens for it; nothing was read yet
    die_with(int(parent))
    logs.configure_logs("work")
    asyncio.run(work_until_stopped(RunFolder(Path(folder))))


if __name__ == "__main__":
    main(sys.argv[1:])
