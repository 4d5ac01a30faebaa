"""Children: real programs that are started again when they die, and end when they are told to."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from consent_service.process.child import Child, NeverStarted, delay_before_restart
from tests.support.processes import survivors
from tests.support.waiting import eventually

ENV = dict(os.environ)


def program(source: str, *arguments: str) -> Child:
    return Child("test", [sys.executable, "-c", source, *arguments], ENV)


async def pid_in(file: Path, other_than: int = 0) -> int:
    """The process id that a program has written into the file."""

    def look() -> int:
        written = int(file.read_text() or 0)
        return 0 if written == other_than else written

    return await asyncio.to_thread(eventually, look)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pid"


LIVES = "import os, signal, sys; open(sys.argv[1], 'w').write(str(os.getpid())); signal.pause()"
STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], 'w').write(str(os.getpid()))
while True: signal.pause()
"""
WITH_CHILD = """
import os, subprocess, sys
inner = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
open(sys.argv[1], 'w').write(str(inner.pid))
os._exit(1)
"""


def test_the_delay_before_a_restart_doubles_up_to_half_a_minute() -> None:
    assert [delay_before_restart(failures) for failures in (1, 2, 3, 6, 7, 100)] == [0.5, 1, 2, 16, 30, 30]


async def test_a_program_that_was_killed_is_started_again(file: Path) -> None:
    child = program(LIVES, str(file))
    running = asyncio.create_task(child.run())
    first = await pid_in(file)
    os.kill(first, signal.SIGKILL)
    second = await pid_in(file, other_than=first)
    await child.stop()
    await running
    assert survivors([second]) == []


async def test_a_program_that_gives_up_at_its_first_start_is_not_started_again() -> None:
    with pytest.raises(NeverStarted, match="with status 3"):
        await program("import sys; sys.exit(3)").run()


async def test_a_program_that_was_stopped_while_it_waited_for_its_restart_stays_stopped(file: Path) -> None:
    child = program(LIVES, str(file))
    running = asyncio.create_task(child.run())
    pid = await pid_in(file)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(survivors, [pid])
    await child.stop()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.done()


async def test_a_program_that_does_not_end_when_asked_is_made_to(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent_service.process.child.STOP_SECONDS", 0.1)
    child = program(STUBBORN, str(file))
    running = asyncio.create_task(child.run())
    pid = await pid_in(file)
    await child.stop()
    await running
    assert survivors([pid]) == []


async def test_what_a_dead_program_left_running_is_cleared_away(file: Path) -> None:
    running = asyncio.create_task(program(WITH_CHILD, str(file)).run())
    left = await pid_in(file)
    with pytest.raises(NeverStarted):
        await running
    assert survivors([left]) == []


async def test_a_cancelled_run_leaves_no_program_behind(file: Path) -> None:
    running = asyncio.create_task(program(STUBBORN, str(file)).run())
    pid = await pid_in(file)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert survivors([pid]) == []


async def test_a_signal_to_a_program_that_does_not_run_is_no_error() -> None:
    program("").send_signal(signal.SIGHUP)
