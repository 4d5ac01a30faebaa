"""Move: copy the store at one URL into the place at another, whatever their engines, and mark the old one."""

from __future__ import annotations

import time

from consent_service.errors import StoreUnavailable
from consent_service.store.engines import engine_of
from consent_service.store.move_mark import MoveMark
from consent_service.store.transfer.record_check import verify_source
from consent_service.store.transfer.split_source import SplitSource
from consent_service.store.transfer.store_copy import ShardProgress, copy_store, show_nothing


async def move_store(
    origin: str,
    destination: str,
    *,
    shards: int | None = None,
    relaxed: bool = False,
    progress: ShardProgress = show_nothing,
) -> int:
    """Copy the store at one URL to the other, which must be empty, and return the number of its shards.

    `shards`: visitor shards of each site in the copy, a multiple of the present number; None = as many as now.

    Nothing may write to `origin` meanwhile: a file is held alone, and Redis's counters must stand still, else
    StoreBusy. Before the copy can be opened, `origin` is marked as moved and takes no commit any more. After an
    interruption the same call resumes. `destination` may also be a place that the store was moved away from: it
    comes back. Raises StoreError.
    """
    mark = MoveMark(public_name(destination), int(time.time()))
    async with engine_of(origin).source(origin) as source:
        if source.moved is not None and source.moved.to != mark.to:
            raise source.moved.moved_error(source.name)
        wanted = source if shards is None else SplitSource(source, shards)
        await verify_source(source, int(time.time()))
        try:
            async with engine_of(destination).target(destination, relaxed=relaxed, back=True) as target:
                return await copy_store(wanted, target, time.time, progress, moved=mark)
        except StoreUnavailable as error:
            if source.moved is None:
                raise
            raise type(error)(f"{error}. {source.name} was moved there on {source.moved.day_text}") from error


def public_name(url: str) -> str:
    """Return the URL without user, password and options; that of a file with its whole path."""
    return engine_of(url).public_name(url)
