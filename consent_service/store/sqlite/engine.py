"""The engine: opens the file, wires writer and readers, and answers the store's contract."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from consent_service.errors import StoreMoved, StoreUnavailable
from consent_service.store.contract import Change, Changes, Document, Key, KeyedDocuments, Member, Page
from consent_service.store.lost_values import LostValues
from consent_service.store.sqlite import counters, database_file, file_schema, invalidation, mark_row, scans
from consent_service.store.sqlite.connections import (
    OLDEST_SQLITE,
    connect_reader,
    connect_writer,
    make_durable,
)
from consent_service.store.sqlite.faults import RAISED, translated_error
from consent_service.store.sqlite.file_schema import FileHeader
from consent_service.store.sqlite.reader_thread import ReaderThread
from consent_service.store.sqlite.writer_thread import QUEUE_LIMIT, WriterThread

_TIMEOUT: Final = 1.5
"""Seconds to wait for another program's lock: less than a caller waits for a commit."""

_CLOSING_TIMEOUT: Final = 5.0
"""Seconds that closing waits for each thread to finish what is queued."""

Clock = Callable[[], float]


class _Opened(NamedTuple):
    """The parts of an opened store: header, lost values, the lock shared while it is open, and three connections."""

    header: FileHeader
    lost: LostValues
    held: int
    writing: sqlite3.Connection
    looking_up: sqlite3.Connection
    scanning: sqlite3.Connection


class SqliteStore:
    """`contract.Store` over one file. Many processes may have the same file open.

    Look-ups and scans have a reader each, so that no scan delays the flag.
    """

    def __init__(self, path: Path, opened: _Opened, clock: Clock, queue_limit: int) -> None:
        self._held = opened.held
        self._clock = clock
        self._closed = False
        self._path = path
        self._moved: StoreMoved | None = None  # once it was seen: what is read here may be out of date
        self.header = opened.header
        self._lost = opened.lost
        self._writer = WriterThread(opened.writing, path, clock, self._lost.floor, queue_limit)
        self._look_ups = ReaderThread(opened.looking_up, path, clock, "store-reader")
        self._scans = ReaderThread(opened.scanning, path, clock, "store-scanner")

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        shards: int | None = None,
        clock: Clock = time.time,
        timeout: float = _TIMEOUT,
        queue_limit: int = QUEUE_LIMIT,
    ) -> SqliteStore:
        """Open the store at `path` and return it; make it when it is missing.

        `shards` None takes the store's own number (64 for a new one); `timeout` in seconds is how long to wait
        for another program's lock. Raises the StoreError that says what is wrong and what to do.
        """
        path = path.resolve()  # whatever name leads to it, the locks lie beside the file itself
        try:
            return cls(path, _open_file(path, shards, int(clock()), timeout), clock, queue_limit)
        except RAISED as error:
            raise translated_error(error, path) from error

    @property
    def shards(self) -> int:
        """Number of visitor shards of each site."""
        return self.header.shards

    @property
    def waiting(self) -> int:
        """Return the number of changes queued in this process."""
        return self._writer.waiting

    def is_lost(self, shard: str, version: int) -> bool:
        """Return True if this value of the shard's counter was lost by a restoration."""
        return self._lost.is_lost(shard, version)

    async def get(self, keys: Sequence[Key]) -> list[Document | None]:
        """Return the documents in the order asked; None for those that are absent or have expired."""
        if self._moved is not None:
            raise StoreMoved(str(self._moved))
        return await self._look_ups.get(keys)

    async def commit(self, change: Change) -> int:
        """Commit the change and return its counter value once it is durable. Raises Conflict, StoreBusy."""
        return await self._writer.submit_change(change)

    async def read(self, log: str, shards: Sequence[str], after: str, limit: int) -> Page:
        """Return at most `limit` entries of the log after the cursor. Raises CursorInvalid, CursorExpired."""
        return await self._scans.ask(
            lambda connection: scans.read_log(connection, log, shards, after, limit, self.is_lost)
        )

    async def range(
        self,
        shard: str,
        index: bytes,
        low: int,
        high: int,
        *,
        after: Member | None = None,
        limit: int = 100,
        reverse: bool = False,
    ) -> list[Member]:
        """Return members of the index with low <= score <= high, ordered by (score, member)."""
        return await self._scans.ask(
            lambda connection: scans.range_members(
                connection, shard, index, (low, high), after, limit, reverse
            )
        )

    async def count(self, shard: str, index: bytes, low: int, high: int) -> int:
        """Return the number of members with low <= score <= high."""
        return await self._scans.ask(
            lambda connection: scans.count_members(connection, shard, index, low, high)
        )

    async def walk(self, shards: Sequence[str], prefix: bytes) -> AsyncIterator[KeyedDocuments]:
        """Yield every document of these shards whose name begins with `prefix`, in batches, in any order."""
        for shard in shards:
            start: bytes | None = prefix
            while start is not None:
                step = scans.Walk(shard, prefix, start, self._clock())
                documents, start = await self._scans.ask(partial(scans.named_documents, walk=step))
                if documents:
                    yield documents

    async def changed_since(self, since: int | None) -> Changes:
        """Return the keys that may have been written since the mark; None asks for the present mark alone."""
        try:
            changes = await self._look_ups.ask(partial(self._read_changes, since))
        except StoreMoved as error:
            self._moved = error
            raise
        self._moved = None
        return changes

    async def check_writable(self, shards: Sequence[str]) -> None:
        """Commit nothing to the first shard, which takes a value of its counter: only a commit shows that a disk is
        full.
        """
        await self.commit(Change(shards[0]))

    async def close(self) -> None:
        """Commit what is queued and let go of the file. Afterwards every method raises StoreUnavailable."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close_all)

    def _read_changes(self, since: int | None, connection: sqlite3.Connection) -> Changes:
        mark_row.require_unmarked(connection.execute, self._path)
        return invalidation.changes_since(connection.execute, since)

    def _close_all(self) -> None:
        """Close the readers, then the writer: the last connection that may write tidies up the log."""
        for worker in (self._look_ups, self._scans, self._writer):
            worker.close(_CLOSING_TIMEOUT)
        os.close(self._held)


def _open_file(path: Path, shards: int | None, now: int, timeout: float) -> _Opened:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreUnavailable(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed")
    database_file.check_place(path)
    with ExitStack() as undo:
        lock = database_file.hold_open(path)
        undo.callback(os.close, lock)
        with database_file.writers_turn(path, timeout):
            database_file.create_file(path)
            writing = undo.enter_context(closing(connect_writer(path, timeout)))
            # Before anything is written: the file may be another program's, or its store may have moved away.
            if file_schema.require_ours(writing, path):
                mark_row.require_unmarked(writing.execute, path)
            make_durable(writing)
            header = file_schema.prepare_schema(writing, path, shards, now)
            if file_schema.digest_of(writing) is not None:  # a backup that is served is none any more
                file_schema.set_digest(writing, None)
            lost = counters.read_lost(writing)
        looking_up = undo.enter_context(closing(connect_reader(path)))
        scanning = undo.enter_context(closing(connect_reader(path)))
        undo.pop_all()
    return _Opened(header, lost, lock, writing, looking_up, scanning)
