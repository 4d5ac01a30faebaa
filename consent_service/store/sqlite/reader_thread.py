"""Reader: a thread with a read-only connection; look-ups that come together are one query.

The event loop never waits for the disk. The thread takes all waiting look-ups, from any turn of any loop, and
while it works the next ones gather. They gather on its side and not on the loop's, so that a loop that is
late finds the answers ready when it looks at its timers.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from consent_service.errors import StoreBusy, StoreError, StoreUnavailable
from consent_service.store.contract import Document, Key
from consent_service.store.sqlite import bulk, database_file
from consent_service.store.sqlite.faults import translated_error
from consent_service.store.sqlite.settlement import Settlement, settle_from_thread

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]

QUEUE_LIMIT: Final = 4096
"""Look-ups and questions that may wait; beyond, `StoreBusy`."""

_TOGETHER: Final = 512
_GET: Final = """SELECT version || ' ' || ifnull(expires_at, '') || ' ' || hex(value)
    FROM document WHERE shard = ? AND name = ?"""


class _LookUp(NamedTuple):
    keys: Sequence[Key]
    future: asyncio.Future[list[Document | None]]


class _Question(NamedTuple):
    query: Query[Any]
    future: asyncio.Future[Any]


_Job = _LookUp | _Question


class ReaderThread:
    """The owner of one reading connection, which is opened elsewhere, then used and closed by this thread alone."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, clock: Callable[[], float], name: str
    ) -> None:
        self._connection = connection
        self._path = path
        self._identity = database_file.file_identity(path)
        self._clock = clock
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work_loop, name=name, daemon=True)
        self._thread.start()

    def get(self, keys: Sequence[Key]) -> asyncio.Future[list[Document | None]]:
        """Look up documents; return the running loop's future of them in order, or of a StoreError."""
        future: asyncio.Future[list[Document | None]] = asyncio.get_running_loop().create_future()
        self._submit_job(_LookUp(keys, future))
        return future

    def ask(self, query: Query[T]) -> asyncio.Future[T]:
        """Run the query in the thread; return the running loop's future of its answer, or of a StoreError."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._submit_job(_Question(query, future))
        return future

    def close(self, timeout: float) -> None:
        """Answer what is queued, then end the thread; gives up waiting after `timeout` seconds."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout)

    def _submit_job(self, job: _Job) -> None:
        if self._closed:
            raise StoreUnavailable(f"{self._path} was closed")
        if self._queue.qsize() >= QUEUE_LIMIT:
            raise StoreBusy(f"{QUEUE_LIMIT} questions are waiting for {self._path}: try again")
        self._queue.put(job)

    def _work_loop(self) -> None:
        open_still = True
        while open_still:
            jobs, open_still = self._next_jobs()
            look_ups = [job for job in jobs if isinstance(job, _LookUp)]
            if look_ups:
                settle_from_thread(self._look_up(look_ups))
            for job in jobs:
                if isinstance(job, _Question):
                    settle_from_thread([Settlement(job.future, self._answer_query(job.query))])
        self._connection.close()

    def _next_jobs(self) -> tuple[list[_Job], bool]:
        """Wait for a job and return it with all that came along; the second value is False once the thread must
        end.
        """
        job = self._queue.get()
        jobs: list[_Job] = []
        with suppress(queue.Empty):
            while job is not None:
                if not job.future.cancelled():
                    jobs.append(job)
                if len(jobs) == _TOGETHER:
                    break
                job = self._queue.get_nowait()
        return jobs, job is not None

    def _look_up(self, look_ups: Sequence[_LookUp]) -> list[Settlement]:
        keys = [key for look_up in look_ups for key in look_up.keys]
        documents = self._answer_query(lambda connection: read_documents(connection, keys, self._clock()))
        if type(documents) is StoreError and len(look_ups) > 1:  # one key's fault is no other's
            return [outcome for look_up in look_ups for outcome in self._look_up([look_up])]
        if not isinstance(documents, list):
            return [Settlement(look_up.future, documents) for look_up in look_ups]
        each = iter(documents)
        return [Settlement(look_up.future, [next(each) for _ in look_up.keys]) for look_up in look_ups]

    def _answer_query(self, query: Query[object]) -> object:
        try:
            database_file.check_same(self._path, self._identity)
            return query(self._connection)
        except Exception as error:  # the callers get it; the thread must live on
            return translated_error(error, self._path)


def read_documents(connection: sqlite3.Connection, keys: Sequence[Key], now: float) -> list[Document | None]:
    """Return the documents in the order asked; None for those that are absent or have expired."""
    return [
        _unpack_document(text, now) if text else None
        for text in bulk.ask_many(connection.execute, _GET, keys)
    ]


def _unpack_document(text: str, now: float) -> Document | None:
    version, expires_at, value = text.split(" ")
    if not expires_at:
        return Document(bytes.fromhex(value), int(version))
    return Document(bytes.fromhex(value), int(version), int(expires_at)) if int(expires_at) > now else None
