"""Writer: one thread that commits changes in groups, so that many share one transaction and one fsync.

It takes whatever is queued, waits for its turn among the processes by `flock` (waiting inside SQLite starves
some of them for seconds), and writes the group in bulk; when that fails by a fault of one change, once more with
each change in a savepoint of its own, so that the fault is no other's. Nothing is acknowledged before the group
is durable. A fault of the file fails the whole group and the thread lives on.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from consent_service.errors import StoreBusy, StoreError, StoreMoved, StoreUnavailable
from consent_service.store.contract import Change
from consent_service.store.sqlite import commit_group, database_file, invalidation, mark_row
from consent_service.store.sqlite.faults import is_the_files, translated_error
from consent_service.store.sqlite.settlement import Settlement, settle_from_thread

QUEUE_LIMIT: Final = 4096
"""Changes that may wait; beyond, `StoreBusy`."""

_GROUP: Final = 256
_SWEPT_FOR_EACH: Final = 2
"""Expired documents deleted for each change, so that sweeping keeps up with any load and never bursts."""


class _Job(NamedTuple):
    change: Change
    future: asyncio.Future[int]


class WriterThread:
    """The owner of the writing connection, which is opened elsewhere, then used and closed by this thread alone."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        clock: Callable[[], float],
        floor: int,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._execute = self._cursor.execute
        self._path = path
        self._identity = database_file.file_identity(path)
        self._clock = clock
        self._floor = floor  # where the counters of new shards begin
        self._queue_limit = queue_limit
        self._jobs: deque[_Job] = deque()
        self._bell: queue.SimpleQueue[bool] = queue.SimpleQueue()  # False = close
        self._ringing: set[asyncio.AbstractEventLoop] = set()
        self._closed = False
        self._lock = database_file.lock_file(path, ".lock")
        self._thread = threading.Thread(target=self._work_loop, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return the number of changes in the queue."""
        return len(self._jobs)

    def submit_change(self, change: Change) -> asyncio.Future[int]:
        """Queue a change; return the running loop's future of its counter value, or of a StoreError."""
        if self._closed:
            raise StoreUnavailable(f"{self._path} was closed")
        if len(self._jobs) >= self._queue_limit:
            raise StoreBusy(f"{self._queue_limit} changes are waiting for {self._path}: try again")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._jobs.append(_Job(change, future))
        if loop not in self._ringing:  # once for all that this turn of the loop brings: they are one group
            self._ringing.add(loop)
            loop.call_soon(self._ring_bell, loop)
        return future

    def close(self, timeout: float) -> None:
        """Commit what is queued, then end the thread; gives up waiting after `timeout` seconds."""
        if not self._closed:
            self._closed = True
            self._bell.put(False)
        self._thread.join(timeout)

    def _ring_bell(self, loop: asyncio.AbstractEventLoop) -> None:
        self._ringing.discard(loop)
        self._bell.put(True)

    def _work_loop(self) -> None:
        open_still = True
        while open_still:
            open_still = self._bell.get()  # False: what is queued is still committed below
            while self._jobs:
                jobs = self._next_group()
                if jobs:
                    settle_from_thread(self._commit_group(jobs))
        self._connection.close()
        os.close(self._lock)

    def _next_group(self) -> list[_Job]:
        """Return the queued changes up to a bound; drop those whose callers have gone."""
        jobs: list[_Job] = []
        while self._jobs and len(jobs) < _GROUP:
            job = self._jobs.popleft()
            if not job.future.cancelled():
                jobs.append(job)
        return jobs

    def _commit_group(self, jobs: list[_Job]) -> list[Settlement]:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            try:
                values = self._write_group(jobs)
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)
        except Exception as error:  # each caller gets an error of its own; the thread must live on
            return [Settlement(job.future, translated_error(error, self._path)) for job in jobs]
        return [
            Settlement(job.future, self._outcome_of(value)) for job, value in zip(jobs, values, strict=True)
        ]

    def _outcome_of(self, value: int | Exception) -> int | StoreError:
        return value if isinstance(value, int) else translated_error(value, self._path)

    def _write_group(self, jobs: list[_Job]) -> list[int | Exception]:
        """Commit the group and return counter values and single changes' errors. Raises what fails the whole
        group.
        """
        database_file.check_same(self._path, self._identity)
        changes = [job.change for job in jobs]
        try:
            return self._attempt_group(commit_group.apply_together, changes)
        except Exception as error:
            if is_the_files(error) or isinstance(error, StoreMoved):
                raise
        return self._attempt_group(commit_group.apply_each, changes)  # a fault of one change is no other's

    def _attempt_group(self, apply: commit_group.Apply, changes: list[Change]) -> list[int | Exception]:
        now = int(self._clock())
        self._execute("BEGIN IMMEDIATE")
        try:
            # In the transaction that writes, so that no move can come between.
            mark_row.require_unmarked(self._execute, self._path)
            values = apply(self._execute, changes, now, self._floor)
            committed = [
                change for change, value in zip(changes, values, strict=True) if isinstance(value, int)
            ]
            if committed:
                invalidation.note_changes(self._execute, committed)
                commit_group.sweep_expired(self._execute, now, _SWEPT_FOR_EACH * len(committed))
            self._execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # after some faults SQLite has rolled back by itself
                self._execute("ROLLBACK")
            raise
        return values
