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
from consent_service.store.sqlite import counters, database_file, invalidation, mark_row, scans, schema
from consent_service.store.sqlite.connections import (
    OLDEST_SQLITE,
    connect_reader,
    connect_writer,
    make_durable,
)
from consent_service.store.sqlite.faults import RAISED, translated
from consent_service.store.sqlite.reader import Reader
from consent_service.store.sqlite.schema import Header
from consent_service.store.sqlite.writer import QUEUE_LIMIT, Writer

_TIMEOUT: Final = 1.5
"""Seconds to wait for another program's lock: less than a caller waits for a commit."""

_CLOSING_TIMEOUT: Final = 5.0
"""Seconds that closing waits for each thread to finish what is queued."""

Clock = Callable[[], float]


class _Opened(NamedTuple):
    """What opening yields: the header, what a restoration lost, the lock shared while open, and three connections."""

    header: Header
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
        self._writer = Writer(opened.writing, path, clock, self._lost.floor, queue_limit)
        self._look_ups = Reader(opened.looking_up, path, clock, "store-reader")
        self._scans = Reader(opened.scanning, path, clock, "store-scanner")

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
        """Open the store at `path`, made when it is missing.

        `shards` None takes the store's own number (64 for a new one); `timeout` in seconds is how long to wait
        for another program's lock. Raises the StoreError that says what is wrong and what to do.
        """
        path = path.resolve()  # whatever name leads to it, the locks lie beside the file itself
        try:
            return cls(path, _open(path, shards, int(clock()), timeout), clock, queue_limit)
        except RAISED as error:
            raise translated(error, path) from error

    @property
    def shards(self) -> int:
        return self.header.shards

    @property
    def waiting(self) -> int:
        """Changes queued in this process."""
        return self._writer.waiting

    def lost(self, shard: str, version: int) -> bool:
        return self._lost.holds(shard, version)

    async def get(self, keys: Sequence[Key]) -> list[Document | None]:
        if self._moved is not None:
            raise StoreMoved(str(self._moved))
        return await self._look_ups.get(keys)

    async def commit(self, change: Change) -> int:
        return await self._writer.submit(change)

    async def read(self, log: str, shards: Sequence[str], after: str, limit: int) -> Page:
        return await self._scans.ask(
            lambda connection: scans.read(connection, log, shards, after, limit, self.lost)
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
        return await self._scans.ask(
            lambda connection: scans.members(connection, shard, index, (low, high), after, limit, reverse)
        )

    async def count(self, shard: str, index: bytes, low: int, high: int) -> int:
        return await self._scans.ask(lambda connection: scans.count(connection, shard, index, low, high))

    async def walk(self, shards: Sequence[str], prefix: bytes) -> AsyncIterator[KeyedDocuments]:
        for shard in shards:
            start: bytes | None = prefix
            while start is not None:
                asked = scans.Walk(shard, prefix, start, self._clock())
                found, start = await self._scans.ask(partial(scans.documents, asked=asked))
                if found:
                    yield found

    async def changed(self, since: int | None) -> Changes:
        try:
            changes = await self._look_ups.ask(partial(self._changed, since))
        except StoreMoved as error:
            self._moved = error
            raise
        self._moved = None
        return changes

    async def check_writable(self, shards: Sequence[str]) -> None:
        """Commits nothing to the first shard, which takes a value of its counter: a full disk says so at a commit."""
        await self.commit(Change(shards[0]))

    async def close(self) -> None:
        """Commit what is queued and let go of the file. Afterwards every method raises StoreUnavailable."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _changed(self, since: int | None, connection: sqlite3.Connection) -> Changes:
        mark_row.require_unmarked(connection.execute, self._path)
        return invalidation.since(connection.execute, since)

    def _close(self) -> None:
        """The writer goes last: the last connection that may write tidies up the log."""
        for worker in (self._look_ups, self._scans, self._writer):
            worker.close(_CLOSING_TIMEOUT)
        os.close(self._held)


def _open(path: Path, shards: int | None, now: int, timeout: float) -> _Opened:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreUnavailable(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed")
    database_file.check_place(path)
    with ExitStack() as undo:
        held = database_file.hold_open(path)
        undo.callback(os.close, held)
        with database_file.turn(path, timeout):
            database_file.create(path)
            writing = undo.enter_context(closing(connect_writer(path, timeout)))
            if schema.require_ours(
                writing, path
            ):  # before anything is written: it may not be ours, or not here
                mark_row.require_unmarked(writing.execute, path)
            make_durable(writing)
            header = schema.prepare(writing, path, shards, now)
            if schema.digest_of(writing) is not None:  # a backup that is served is none any more
                schema.set_digest(writing, None)
            forgotten = counters.read_lost(writing)
        looking_up = undo.enter_context(closing(connect_reader(path)))
        scanning = undo.enter_context(closing(connect_reader(path)))
        undo.pop_all()
    return _Opened(header, forgotten, held, writing, looking_up, scanning)
