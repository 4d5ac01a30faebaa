"""Writer: every change to a standing goes through here, one visitor's changes in order.

Plans for one visitor that arrive together are committed as one change: standing, ledger entries and marks of
idempotency keys, all or nothing (design rule 6). Nothing is acknowledged that was not committed. A call that meets no
other at its record commits alone; those that arrive meanwhile are committed together, behind it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from consent_service.errors import Conflict, StoreBusy, StoreTimeout
from consent_service.services.records.deadline import COMMIT_TIMEOUT, Deadline, read_deadline
from consent_service.services.records.drafts import Draft, RandomIds, Waiting, Work, Written, mark_name
from consent_service.services.records.standings import Standings
from consent_service.store.contract import Change, Document, Key, Store

_MOST_TOGETHER: Final = 256
"""Calls of one visitor that share a commit."""

_MOST_WAITING: Final = 4096
"""Changes of this process that may wait; beyond, `StoreBusy`."""

_ATTEMPTS: Final = 16

T = TypeVar("T")


async def retry_on_conflict(subject: str, attempt: Callable[[int], Awaitable[T]]) -> T:
    """Return the result of the first attempt that meets no Conflict. `attempt` gets its number, from 0.

    `subject`: what the attempts change, for the message. Raises StoreBusy if all of them meet a Conflict.
    """
    for number in range(_ATTEMPTS):
        try:
            return await attempt(number)
        except Conflict:
            continue
    raise StoreBusy(f"{subject} kept changing; gave up after {_ATTEMPTS} attempts")


class StandingWriter:
    """Commits changes to standings, one visitor's together and in order."""

    def __init__(self, store: Store, standings: Standings, ids: RandomIds) -> None:
        self._store = store
        self._ids = ids
        self._standings = standings
        self._read_deadline = read_deadline(COMMIT_TIMEOUT)
        self._commit_deadline = Deadline(COMMIT_TIMEOUT, _not_durable)
        self._queues: dict[Key, deque[Waiting]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Number of changes that are not committed yet."""
        return self._waiting

    async def write(self, work: Work) -> Written:
        """Do the work and return its result once it is durable. Raises StoreError, or the plan's own error."""
        if self._waiting >= _MOST_WAITING:
            raise StoreBusy("too many changes are waiting for the store; try again")
        key = self._standings.key(work.site, work.visitor_id)
        waiting = Waiting(work, asyncio.get_running_loop().create_future())
        self._waiting += 1
        try:
            if key in self._queues:  # another call of this visitor is being committed: wait behind it
                self._queues[key].append(waiting)
                return await waiting.done
            return await self._first(key, waiting)
        finally:
            self._waiting -= 1

    async def settled(self) -> None:
        """Wait until every commit that was begun has ended."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _first(self, key: Key, waiting: Waiting) -> Written:
        """Commit alone, without a task of its own: most visitors make one change at a time."""
        queue = self._queues[key] = deque()
        try:
            await self._together(key, [waiting])
        finally:
            if queue:
                task = asyncio.create_task(self._drain(key))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            else:
                del self._queues[key]
        return waiting.done.result()

    async def _drain(self, key: Key) -> None:
        """Commit together the calls that arrived while another was being committed."""
        queue = self._queues[key]
        while queue:
            batch = [queue.popleft() for _ in range(min(len(queue), _MOST_TOGETHER))]
            try:
                await self._together(key, batch)
            except Exception as error:  # each waiting caller gets the error: none may hang
                for waiting in batch:
                    if not waiting.done.done():
                        waiting.done.set_exception(error)
        del self._queues[key]  # nothing was awaited since the queue was empty: nobody joined it

    async def _together(self, key: Key, batch: list[Waiting]) -> None:
        async def attempt(number: int) -> None:
            # After a conflict another process has changed the record: plan again on what it is now.
            draft = await self._draft(key, batch, read=number > 0)
            if draft.entries:
                try:
                    version = await self._commit(draft.change())
                finally:
                    # After a failure too: the store may have done it all the same.
                    self._standings.forget(key)
                return draft.settle(version)
            if draft.repeats:
                # The first commit may have been read before it was durable; this one is behind it.
                await self._commit(Change(key.shard))
            draft.settle(draft.version)

        await retry_on_conflict("the record", attempt)

    async def _draft(self, key: Key, batch: list[Waiting], *, read: bool) -> Draft:
        documents: dict[bytes, Document | None] = {}
        # A visitor minted by this call has no record, unless the call is a retry: then the commit meets a conflict,
        # and the record is read.
        if read or len(batch) > 1 or not batch[0].work.minted:
            documents = await self._documents(key, batch)
        draft = Draft(key, documents.get(key.name), self._ids)
        for waiting in batch:
            if waiting.done.done():  # the caller has gone, or failed in an earlier attempt
                continue
            try:
                name = mark_name(key, waiting.work)
                draft.add(waiting, None if name is None else documents.get(name))
            except Exception as error:  # one caller's fault is no error of the others
                waiting.done.set_exception(error)
        return draft

    async def _documents(self, key: Key, batch: list[Waiting]) -> dict[bytes, Document | None]:
        """Read the record and the marks of all these calls' keys together."""
        names = [key.name, *(name for waiting in batch if (name := mark_name(key, waiting.work)) is not None)]
        keys = [Key(key.shard, name) for name in names]
        return dict(zip(names, await self._read_deadline.wait(self._store.get(keys)), strict=True))

    async def _commit(self, change: Change) -> int:
        return await self._commit_deadline.wait(self._store.commit(change))


def _not_durable() -> StoreTimeout:
    return StoreTimeout(f"not made durable within {COMMIT_TIMEOUT} s; send it again")
