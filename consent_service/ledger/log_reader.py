"""Reader of the log by exact positions, one shard at a time, in bounded pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

from consent_service.ledger.checkpoints import Span
from consent_service.store import cursor
from consent_service.store.contract import Entry, Position, Store
from consent_service.store.names import LEDGER


async def read_entries(store: Store, shard: str, span: Span, page_size: int = 2_000) -> AsyncIterator[Entry]:
    """Yield the shard's entries in the span, in order. Raises CursorExpired if some were trimmed."""
    after = _cursor_behind(store, shard, span.after)
    while True:
        page = await store.read(LEDGER, [shard], after, page_size)
        for entry in page.entries:
            if entry.position.sequence > span.through:
                return
            if entry.position.sequence > span.after:
                yield entry
        if len(page.entries) < page_size:
            return
        after = page.cursor


def _cursor_behind(store: Store, shard: str, sequence: int) -> str:
    # A restored backup has forgotten this position, so no cursor to it holds: read from the start. `read_entries`
    # skips what lies before the span.
    if sequence == 0 or store.is_lost(shard, sequence):
        return ""
    return _cursor_at(shard, Position(sequence + 1, 0))


def _cursor_at(shard: str, at: Position) -> str:
    return cursor.encode(cursor.Cursor(0, [at]), LEDGER, [shard])
