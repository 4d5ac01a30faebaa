"""Splitting: a store that is copied, seen as if it had a multiple of its visitor shards.

Each shard becomes several, and a visitor's documents go to the one of them that the new number gives them. All of
them begin with the counter of the one they come from, and with what it lost: so no version goes back, and a
token means what it meant. The log and the indexes stay where they are, because positions, receipts and what is
sealed name their shard; a visitor's later entries follow in another shard, behind all earlier ones by number.
Reads, like every source; knows no engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from msgspec.structs import replace

from consent_service.errors import StoreMismatch
from consent_service.store import keys
from consent_service.store.move_mark import MoveMark
from consent_service.store.transfer.records import DocumentRecord, Record, ShardHead, Source


class SplitSource:
    """`dump.Source`. Raises StoreMismatch for a number that is no multiple of the store's own."""

    def __init__(self, source: Source, shards: int) -> None:
        present = source.about.shards
        if shards % present or not present <= shards <= keys.MOST_SHARDS:
            raise StoreMismatch(
                f"{source.name} has {present} shards a site: name a multiple of that, at most {keys.MOST_SHARDS}"
            )
        self.name = source.name
        self.moved = source.moved
        self.about = replace(source.about, shards=shards)
        self._source = source

    async def shards(self) -> list[str]:
        present = await self._source.shards()
        return [part for shard in present for part in self._parts(shard)]

    async def head(self, shard: str) -> ShardHead:
        return await self._source.head(self._whole(shard))

    async def contents(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        whole = self._whole(shard)
        async for records in self._source.contents(whole, now):
            if kept := [record for record in records if self._belongs(record, shard, whole)]:
                yield kept

    async def fence(self, moved: MoveMark) -> None:
        await self._source.fence(moved)

    def _parts(self, shard: str) -> list[str]:
        return keys.split_shard(shard, self._source.about.shards, self.about.shards)

    def _whole(self, shard: str) -> str:
        return keys.unsplit_shard(shard, self._source.about.shards)

    def _belongs(self, record: Record, shard: str, whole: str) -> bool:
        if isinstance(record, DocumentRecord):
            return keys.lies_in(shard, record.name, self.about.shards)
        return shard == whole
