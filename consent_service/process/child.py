"""A child: one program that must run, started again when it dies. Knows nothing of the program."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from consent_service.errors import CannotStart

STOP_SECONDS: Final = 20.0  # longer than a web process gives its workers to finish
_STEADY_SECONDS: Final = 30.0
_LONGEST_DELAY: Final = 30.0

_log = structlog.get_logger("consent_service.process")


class NeverStarted(CannotStart):
    """The program gave up right after its first start: starting it again would change nothing."""


def delay_before_restart(failures: int) -> float:
    """Return the seconds to wait after this many failures in a row: 0.5, doubling up to 30."""
    return float(min(_LONGEST_DELAY, 0.5 * 2 ** (failures - 1)))


class Child:
    """Keeps one program running from `run` until `stop`."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        self._env = env
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def run(self) -> None:
        """Start the program, and again after each death, until `stop` is called.

        Raises NeverStarted when the very first start ends with an error of the program's own before it ran
        steadily.
        """
        failures, first, loop = 0, True, asyncio.get_running_loop()
        while True:
            began = loop.time()
            code = await self._run_once()
            if self._stopping:
                return
            steady = loop.time() - began > _STEADY_SECONDS
            if first and code > 0 and not steady:
                raise NeverStarted(f"the {self.name} process gave up at its first start, with status {code}")
            first, failures = False, 1 if steady else failures + 1
            delay = delay_before_restart(failures)
            _log.error("child died", child=self.name, code=code, restart_in=delay)
            await asyncio.sleep(delay)

    def send_signal(self, signum: signal.Signals) -> None:
        """Send a signal to the program, if it runs."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signum)

    async def stop(self) -> None:
        """Ask the program to end, and make it end after 20 seconds."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        self.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            _log.error("child killed", child=self.name, after_seconds=STOP_SECONDS)
            _kill_group(process.pid)
            await process.wait()

    async def _run_once(self) -> int:
        # A process group of its own: a terminal's Ctrl-C reaches the supervisor alone, which then drains in order.
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command, env=self._env, stdin=asyncio.subprocess.DEVNULL, process_group=0
        )
        try:
            return await process.wait()
        finally:
            self._process = None
            _kill_group(process.pid)  # what it may have left behind, or itself when this task is cancelled
            await process.wait()


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
