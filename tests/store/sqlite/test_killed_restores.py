"""A restoration, or a move back, killed at any step leaves the store of before or the new one, never a mix."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from consent_service.errors import StoreMoved
from consent_service.store.contract import Append, Change, Put
from consent_service.store.sqlite import SqliteStore, restore
from consent_service.store.transfer.move import move_store
from tests.store.sqlite.test_hostile_backups import NOW, made, path, rows, saved

__all__ = ["made", "path", "saved"]

STEPS: Final = frozenset(
    {
        "backup",
        "close",
        "connect",
        "execute",
        "executemany",
        "fsync",
        "link",
        "open",
        "rename",
        "replace",
        "unlink",
    }
)
"""Calls between which a process is killed: whatever changes something is one of them."""


EVERY = pytest.param(1, marks=pytest.mark.soak)


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a process of its own that is killed before this step; whether it got so far."""
    child = os.fork()
    if not child:
        taken = 0

        def count(_frame: FrameType, event: str, called: Any) -> None:
            nonlocal taken
            if event == "c_call" and called.__name__ in STEPS:
                taken += 1
                if taken > step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}
    return status != 0


def check_whole(path: Path, old: dict[str, list[Any]], new: dict[str, list[Any]]) -> bool:
    """The store opens, and holds all of one state; whether that is the new one."""
    asyncio.run(_opened_once(path))
    found = {table: rows(path)[table] for table in ("document", "member", "entry", "trimmed")}
    states = [{table: state[table] for table in found} for state in (old, new)]
    assert found in states
    return found == states[1]


async def _opened_once(path: Path) -> None:
    await SqliteStore.open(path, clock=lambda: NOW).close()


async def _newer(path: Path) -> None:
    """Commit choices that came since, in the log alone as after kill -9."""
    store = SqliteStore.open(path, clock=lambda: NOW)
    await store.commit(Change("acme.07", put=[Put(b"d0", b"newer")], append=[Append("ledger", b"newer")]))
    for suffix in ("", "-wal"):
        path.with_name(f"crashed.db{suffix}").write_bytes(path.with_name(path.name + suffix).read_bytes())
    await store.close()


@pytest.mark.parametrize("stride", [7, EVERY])
def test_a_restoration_killed_at_any_step_leaves_one_whole_store(
    path: Path, saved: Path, tmp_path: Path, stride: int
) -> None:
    asyncio.run(_newer(path))
    old = rows(path)
    new = rows(saved)
    crashed = {suffix: (tmp_path / f"crashed.db{suffix}").read_bytes() for suffix in ("", "-wal")}
    step, outcomes = 0, set[bool]()
    while True:
        for file in tmp_path.glob("store.db*"):
            file.unlink()
        for suffix, content in crashed.items():
            path.with_name(path.name + suffix).write_bytes(content)
        ended = not killed_at(step, lambda: restore(saved, path, now=NOW))
        outcomes.add(check_whole(path, old, new))
        if ended:
            break
        restore(saved, path, now=NOW)  # what was left is in nobody's way
        assert check_whole(path, old, new)
        step += stride
    assert step > 40
    assert outcomes == {False, True}


@pytest.mark.parametrize("stride", [29, EVERY])
def test_a_move_back_killed_at_any_step_leaves_one_whole_store(
    path: Path, tmp_path: Path, stride: int
) -> None:
    """And never two that take choices."""
    there, here = tmp_path / "there.db", f"sqlite:///{path}"
    asyncio.run(move_store(here, f"sqlite:///{there}"))
    asyncio.run(_newer(there))
    old, new = rows(path), rows(there)
    states = {file: file.read_bytes() for file in (path, there)}
    step, outcomes = 0, set[tuple[bool, bool]]()
    while True:
        for file in (*tmp_path.glob("store.db*"), *tmp_path.glob("there.db*")):
            file.unlink()
        for file, content in states.items():
            file.write_bytes(content)
        ended = not killed_at(step, lambda: asyncio.run(move_store(f"sqlite:///{there}", here)))
        outcomes.add((opens(path), opens(there)))
        if ended:
            break
        if not opens(path):
            asyncio.run(move_store(f"sqlite:///{there}", here))
        assert check_whole(path, old, new)
        step += stride
    assert outcomes <= {(False, True), (False, False), (True, False)}
    assert {(False, True), (True, False)} <= outcomes


def opens(path: Path) -> bool:
    """Return True if a service could serve over it."""
    try:
        asyncio.run(_opened_once(path))
    except StoreMoved:
        return False
    return True


def test_a_log_that_can_not_be_copied_into_its_store_keeps_the_restoration_from_it(
    path: Path, saved: Path, tmp_path: Path
) -> None:
    """Taking the log away would take what was decided since."""
    asyncio.run(_newer(path))
    for suffix in ("", "-wal"):
        path.with_name(path.name + suffix).write_bytes((tmp_path / f"crashed.db{suffix}").read_bytes())
    newer = rows(path)["document"]
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    path.with_name(path.name + "-shm").mkdir()
    with pytest.raises(Exception, match=r"store\.db"):
        restore(saved, path, now=NOW)
    path.with_name(path.name + "-shm").rmdir()
    assert rows(path)["document"] == newer
