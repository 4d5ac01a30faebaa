"""The supervisor behind `serve` and `work`: starts the children, tells them of reloads, and drains.

It serves no request itself and opens no store, so that nothing can hold it up. SIGHUP re-reads the
configuration, all or nothing; SIGTERM and SIGINT drain and stop; killed, it takes its children along.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from consent_service.config import config_digest
from consent_service.config.environment import closing_command, exposed_secrets
from consent_service.config.loader import SECRETS
from consent_service.errors import CannotStart, ConfigError
from consent_service.process import logs, preflight
from consent_service.process.child import Child
from consent_service.process.run_folder import RunFolder, make_run_folder
from consent_service.process.serving_config import ServingConfig, load_serving, needs_restart

_log = structlog.get_logger("consent_service.process")


def supervise(
    file: Path, env: Mapping[str, str], *, workers: int | None = None, parts: Sequence[str] = ("web", "work")
) -> int:
    """Run these parts of the service until a signal stops them; return the exit status.

    Raises ConfigError when the configuration can't serve, StoreError when the store can't be opened, and
    NeverStarted when a child gave up.
    """
    loaded = load_serving(file, env)
    lacks = preflight.check_start(loaded.config.service, loaded.ring, parts)
    logs.configure_logs("supervisor")
    for sentence in lacks:
        _log.warning("key ring lacks keys", reason=sentence)
    _warn_of_exposed_secrets(env)
    for warning in preflight.store_warnings(loaded.config.service):
        _log.warning("store may not last", reason=warning)
    with make_run_folder(env) as run:
        return asyncio.run(Supervisor(file, env, loaded, run, workers, parts).run())


class Supervisor:
    """One running service."""

    def __init__(
        self,
        file: Path,
        env: Mapping[str, str],
        loaded: ServingConfig,
        run: RunFolder,
        workers: int | None,
        parts: Sequence[str],
    ) -> None:
        self._file = file
        self._env = env
        self._loaded = loaded
        self._run_dir = run
        child_env = run.child_env(env, loaded.config)
        arguments = [str(run.path), str(os.getpid()), str(workers or loaded.config.service.workers)]
        self._children = [Child(part, [*_module_command(part), *arguments], child_env) for part in parts]
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> int:
        """Start everything, wait for a signal, drain and stop; return 0. Raises NeverStarted if a child gave
        up.
        """
        self._run_dir.write_config(self._loaded.text, self._loaded.ring)
        self._listen_for_signals()
        running = [asyncio.create_task(child.run()) for child in self._children]
        stop = asyncio.create_task(self._stop.wait())
        _log.info("started", config=config_digest(self._loaded.config))
        done, _ = await asyncio.wait([*running, stop], return_when=asyncio.FIRST_COMPLETED)
        if stop in done:
            await self._drain_requests()
        for child in self._children:  # web first: the work process outlives the last request
            await child.stop()
        for task in (stop, *running):  # one may be waiting to start its program again
            task.cancel()
        for reason in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(reason, Exception):
                raise reason
        _log.info("stopped")
        return 0

    def reload(self) -> None:
        """Apply the present configuration, or log every fault and keep the running one."""
        if self._stop.is_set():
            return
        try:
            fresh = load_serving(self._file, self._env)
            faults = needs_restart(self._loaded, fresh)
        except ConfigError as error:
            faults = error.faults
        if faults:
            for fault in faults:
                _log.error("configuration refused", fault=str(fault))
            return
        try:
            self._run_dir.write_config(fresh.text, fresh.ring)
        except CannotStart as error:
            _log.error("configuration refused", fault=str(error))
            return
        self._loaded = fresh
        for child in self._children:
            child.send_signal(signal.SIGHUP)
        _warn_of_exposed_secrets(self._env)
        _log.info("configuration reloaded", config=config_digest(fresh.config))

    def stop(self) -> None:
        """Begin to drain; called again, stop waiting for load balancers."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def _drain_requests(self) -> None:
        try:
            self._run_dir.mark_draining()
        except CannotStart as error:  # then load balancers are told by closed connections
            _log.error("not marked as draining", reason=str(error))
        seconds = self._loaded.config.service.drain_seconds
        _log.info("draining", seconds=seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self.stop)


def _warn_of_exposed_secrets(env: Mapping[str, str]) -> None:
    for variable, file, mode in exposed_secrets(env, SECRETS):
        reason = (
            f"others on this machine can read or change {file} (mode {mode:04o}): {closing_command(file)}"
        )
        _log.warning("secret is exposed", variable=variable, reason=reason)


def _module_command(part: str) -> list[str]:
    return [sys.executable, "-m", f"consent_service.process.{part}_process"]
