"""TallyBuilder by optimistic retry: what many tasks and processes do to one document at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from multiprocessing.sharedctypes import SynchronizedArray
from multiprocessing.synchronize import Barrier
from typing import Any

from consent_service.errors import Conflict
from consent_service.store.contract import Append, Change, Key, Put, Store

KEY = Key("acme.07", b"counter")
LOG = "counted"


async def increment(store: Store) -> None:
    """Add one, reading again until nobody came between; every success leaves an entry."""
    while True:
        (found,) = await store.get([KEY])
        count = int(found.value) if found else 0
        change = Change(
            KEY.shard,
            {KEY.name: found.version if found else 0},
            [Put(KEY.name, b"%d" % (count + 1))],
            append=[Append(LOG, b"%d" % (count + 1))],
        )
        try:
            await store.commit(change)
        except Conflict:
            continue
        return


async def increment_often(store: Store, times: int) -> None:
    for _ in range(times):
        await increment(store)


def count_in_process(opener: Callable[[str], Store], where: str, times: int, start: Barrier) -> None:
    """A process of its own: opens the store, waits for the others, counts."""
    asyncio.run(_count(opener, where, times, start))


async def _count(opener: Callable[[str], Store], where: str, times: int, start: Barrier) -> None:
    store = opener(where)
    start.wait()
    await asyncio.gather(*(increment_often(store, times) for _ in range(2)))
    await store.close()


def commit_until_all_have(*given: Any) -> None:
    """A process of its own: commits one change after the other until every process has done enough of them.

    `given`: as the coroutine below takes them.
    """
    asyncio.run(_commit_until_all_have(*given))


async def _commit_until_all_have(
    opener: Callable[[str], Store],
    where: str,
    enough: int,
    counts: SynchronizedArray[int],
    own: int,
    start: Barrier,
) -> None:
    """`counts` is shared: how many each process has done; `own` is this one's place in it."""
    store = opener(where)
    start.wait()
    while min(counts[:]) < enough:
        await store.commit(Change(f"p{own}", put=[Put(b"x", b"x")]))
        counts[own] += 1
    await store.close()
