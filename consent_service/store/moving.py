"""Moving: from the URLs of two stores to one copied into the other, whatever their engines.

Beside it the backup of a store that is no file, and its way back. The engines' own ways of copying are in their
`copying` modules.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from consent_service.errors import StoreUnavailable
from consent_service.store import dumpfile
from consent_service.store.copying import Progress, copy, show_nothing
from consent_service.store.dump import Source, Target
from consent_service.store.moved import Moved
from consent_service.store.soundness import examined
from consent_service.store.splitting import Split
from consent_service.store.sqlite import copying as sqlite
from consent_service.store.url import is_redis, sqlite_path


async def move(
    origin: str,
    destination: str,
    *,
    shards: int | None = None,
    relaxed: bool = False,
    progress: Progress = show_nothing,
) -> int:
    """Copy the store at one URL to the other, which must be empty; returns how many shards it has.

    `shards`: visitor shards of each site in the copy, a multiple of what there are; None = as many.

    Nothing may write to `origin` meanwhile: a file is held alone, and Redis's counters must stand still, else
    StoreBusy. Before the copy can be opened `origin` is marked as moved and takes no commit any more. Interrupted,
    it goes on where it was when it is called again. `destination` may also be a place that the store was moved away
    from: it comes back. Raises StoreError.
    """
    moved = Moved(place_of(destination), int(time.time()))
    async with _source(origin) as source:
        if source.moved is not None and source.moved.to != moved.to:
            raise source.moved.refusal(source.name)
        wanted = source if shards is None else Split(source, shards)
        await examined(source, int(time.time()))
        try:
            async with _target(destination, relaxed=relaxed, move=True) as target:
                return await copy(wanted, target, time.time, progress, moved=moved)
        except StoreUnavailable as error:
            if source.moved is None:
                raise
            raise type(error)(f"{error}. {source.name} was moved there on {source.moved.day}") from error


async def backup(origin: str, file: Path, progress: Progress = show_nothing) -> int:
    """Copy the store to a new file while it serves: each shard as of one moment. Raises StoreError."""
    async with _source(origin) as source:
        with dumpfile.target(file) as target:
            return await copy(source, target, time.time, progress, still=False)


async def restore(
    file: Path, destination: str, *, relaxed: bool = False, progress: Progress = show_nothing
) -> int:
    """Put a backup into an empty place; what was committed since is known to be lost. Raises StoreError.

    All of the backup is examined before anything is written.
    """
    with dumpfile.source(file) as source:
        present = int(time.time())
        saved = await examined(source, present)
        async with _target(destination, relaxed=relaxed) as target:
            return await copy(source, target, time.time, progress, restored_at=present, saved=saved)


def place_of(url: str) -> str:
    """The URL without user, password and options, a file's with its whole path: for people, and to compare."""
    if is_redis(url):
        from consent_service.store.redis import address

        return address.parse(url).name
    return f"sqlite:///{sqlite_path(url).resolve()}"


@asynccontextmanager
async def _source(url: str) -> AsyncIterator[Source]:
    if is_redis(url):
        from consent_service.store.redis import address, copying  # not needed between two files

        async with copying.source(address.parse(url)) as servers:
            yield servers
    else:
        with sqlite.source(sqlite_path(url), int(time.time())) as file:
            yield file


@asynccontextmanager
async def _target(url: str, *, relaxed: bool, move: bool = False) -> AsyncIterator[Target]:
    if is_redis(url):
        from consent_service.store.redis import address, copying

        async with copying.target(address.parse(url), relaxed=relaxed, back=move) as servers:
            yield servers
    else:
        with sqlite.target(sqlite_path(url), int(time.time()), back=move) as file:
            yield file
