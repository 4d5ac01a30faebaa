"""A task that a reload replaces: the next one begins when the one before has let go of everything."""

from __future__ import annotations

import asyncio

from consent_service.process.replaceable_task import ReplaceableTask


class Lease:
    """Something that one task at a time can hold, and that takes a while to give back."""

    def __init__(self) -> None:
        self.free = True
        self.taken: list[bool] = []
        self.begun = asyncio.Event()

    async def hold(self) -> None:
        """Note whether it could be taken, and hold it until cancelled."""
        self.taken.append(self.free)
        self.free = False
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(10):  # giving it back takes several turns of the loop
                await asyncio.sleep(0)
            self.free = True


async def test_the_next_task_begins_when_the_one_before_has_given_everything_back() -> None:
    task, lease = ReplaceableTask(), Lease()
    for _ in range(3):
        task.start(lease.hold())
        await lease.begun.wait()
        lease.begun.clear()
    await task.end()
    assert lease.taken == [True, True, True]


async def test_a_task_that_is_replaced_before_it_began_never_begins() -> None:
    task, first, second = ReplaceableTask(), Lease(), Lease()
    task.start(first.hold())
    task.start(second.hold())
    await second.begun.wait()
    await task.end()
    assert (first.taken, second.taken) == ([], [True])


async def test_the_end_waits_for_every_task_that_was_started() -> None:
    task, lease = ReplaceableTask(), Lease()
    task.start(lease.hold())
    await lease.begun.wait()
    await task.end()
    assert lease.free
