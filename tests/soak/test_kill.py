"""An acknowledged choice is never lost (design rule 5), and standing and entry are one commit (rule 6).

The whole service, or one part of it, is killed with SIGKILL at random moments under a load of choices.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.soak.rounds import play, report
from tests.soak.serving import WEB, WORK, WORKER, Server, serving
from tests.soak.visiting import Books
from tests.support.processes import signal_all

pytestmark = pytest.mark.soak

PartBlow = Callable[[Server, Books], Awaitable[None]]

_MORE = 100  # choices acknowledged after a blow that leaves some of the service standing


async def _kill_everything(server: Server, _books: Books) -> None:
    server.kill()
    server.start()


async def _kill_one_worker(server: Server, books: Books) -> None:
    await _kill_a_part(server, books, WORKER)


async def _kill_the_main_process(server: Server, books: Books) -> None:
    await _kill_a_part(server, books, WEB)


async def _kill_the_work_process(server: Server, books: Books) -> None:
    in_doubt = len(books.in_doubt)
    await _kill_a_part(server, books, WORK)
    assert len(books.in_doubt) == in_doubt  # nobody who chooses needs it


async def _kill_a_part(server: Server, books: Books, part: str) -> None:
    """Kill the first process of a part; the crowd goes on until the service is whole again, and longer."""
    await asyncio.to_thread(server.kill_these, server.pids(part)[:1])
    await asyncio.to_thread(server.wait_until_ready)
    await books.reach(len(books.acknowledged) + _MORE)


async def _stop_one_worker_for_a_moment(server: Server, books: Books) -> None:
    """The other worker goes on, or says 503 while the stopped one holds the file's lock."""
    stopped = server.pids(WORKER)[:1]
    signal_all(stopped, signal.SIGSTOP)
    try:
        settled = len(books.acknowledged) + len(books.in_doubt)
        async with asyncio.timeout(30):
            while len(books.acknowledged) + len(books.in_doubt) < settled + _MORE // 10:
                await asyncio.sleep(0.001)
    finally:
        signal_all(stopped, signal.SIGCONT)
    await books.reach(len(books.acknowledged) + _MORE)


@pytest.mark.parametrize(
    ("blow", "rounds"),
    [
        pytest.param(_kill_everything, 20, id="everything"),
        pytest.param(_kill_one_worker, 5, id="one worker"),
        pytest.param(_kill_the_main_process, 5, id="the main web process"),
        pytest.param(_kill_the_work_process, 5, id="the work process"),
        pytest.param(_stop_one_worker_for_a_moment, 5, id="one worker, stopped for a moment"),
    ],
)
async def test_what_was_acknowledged_is_there_after_a_blow(
    blow: PartBlow,
    rounds: int,
    tmp_path: Path,
    free_port: int,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(tmp_path, free_port) as server:
        tally = await play([server], partial(blow, server), request.node.callspec.id, rounds)
    with capsys.disabled():
        report([tally])
    assert tally.lost == 0
    assert tally.rounds == rounds
