"""Many at once: exact counts from tasks, from several openings and from several processes; nobody starves."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from typing import Any

from consent_service.store.contract import Change, Key, Put, Store
from tests.store.counting import KEY, LOG, commit_until_all_have, count_in_process, increment, increment_often
from tests.store.harness import Harness
from tests.support.waiting import DEADLINE

SPAWN = multiprocessing.get_context("spawn")


async def check_count(store: Store, expected: int) -> None:
    """The counter, its version and its log all say the same number."""
    (found,) = await store.get([KEY])
    assert found is not None
    assert (int(found.value), found.version) == (expected, expected)
    page = await store.read(LOG, [KEY.shard], "", expected + 1)
    assert [int(entry.payload) for entry in page.entries] == list(range(1, expected + 1))


async def test_a_hundred_tasks_that_increment_one_document_count_exactly(store: Store) -> None:
    await asyncio.gather(*(increment(store) for _ in range(100)))
    await check_count(store, 100)


async def test_two_openings_that_increment_one_document_count_exactly(store: Store, other: Store) -> None:
    await asyncio.gather(*(increment_often(opened, 25) for opened in (store, other) for _ in range(4)))
    await check_count(store, 200)


async def test_changes_of_many_shards_are_each_done_once(store: Store) -> None:
    changes = [Change(f"acme.{n % 64:02d}", {b"%d" % n: 0}, [Put(b"%d" % n, b"%d" % n)]) for n in range(2000)]
    versions = await asyncio.gather(*map(store.commit, changes))
    assert sorted(versions) == sorted(n // 64 + 1 for n in range(2000))
    found = await asyncio.gather(*(store.get([Key(c.shard, c.put[0].name)]) for c in changes))
    assert [document and document.value for (document,) in found] == [b"%d" % n for n in range(2000)]


async def test_three_processes_that_increment_one_document_count_exactly(
    engine: Harness, store: Store
) -> None:
    await asyncio.to_thread(run_processes, count_in_process, engine, [(30,)] * 3)
    await check_count(store, 3 * 2 * 30)


async def test_no_process_starves_another(engine: Harness, store: Store) -> None:
    counts = SPAWN.Array("l", 3)
    await asyncio.to_thread(
        run_processes, commit_until_all_have, engine, [(20, counts, own) for own in range(3)]
    )
    assert max(counts[:]) < 10 * 20, counts[:]


def run_processes(work: Callable[..., None], engine: Harness, arguments: list[tuple[Any, ...]]) -> None:
    """Run `work` in as many fresh interpreters as there are arguments, all starting together."""
    start = SPAWN.Barrier(len(arguments))
    processes = [SPAWN.Process(target=work, args=(*engine.opener(), *each, start)) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(DEADLINE)
    assert [process.exitcode for process in processes] == [0] * len(processes)
