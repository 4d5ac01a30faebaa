"""Split source: a store to copy, seen as if it had a multiple of its visitor shards.

Each shard becomes several, and a visitor's documents go to the one that the new number gives them. All of
them begin with the counter of the original shard, and with its lost values: so no version goes back, and a
token means what it meant. The log and the indexes stay in the original shard, because positions, receipts and
sealed segments name their shard. A visitor's later entries follow in another shard, behind all earlier ones
by number. Reads only; knows no engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from msgspec.structs import replace

from consent_service.errors import StoreMismatch
from consent_service.store import names
from consent_service.store.move_mark import MoveMark
from consent_service.store.transfer.records import CopySource, DocumentRecord, Record, ShardHead


class SplitSource:
    """`records.Source` of a store with a multiple of its visitor shards. Raises StoreMismatch for a number that is
    no multiple of the store's own.
    """

    def __init__(self, source: CopySource, shards: int) -> None:
        present = source.about.shards
        if shards % present or not present <= shards <= names.MOST_SHARDS:
            raise StoreMismatch(
                f"{source.name} has {present} shards a site: name a multiple of that, at most {names.MOST_SHARDS}"
            )
        self.name = source.name
        self.moved = source.moved
        self.about = replace(source.about, shards=shards)
        self._source = source

    async def shards(self) -> list[str]:
        """Return the names of all shards that the split store has."""
        present = await self._source.shards()
        return [part for shard in present for part in self._part_shards(shard)]

    async def read_head(self, shard: str) -> ShardHead:
        """Return the shard's head, which changes with every commit to the shard."""
        return await self._source.read_head(self._whole_shard(shard))

    async def read_records(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record of the shard in order, in batches; documents expired by `now` (Unix seconds) are left
        out.
        """
        whole = self._whole_shard(shard)
        async for records in self._source.read_records(whole, now):
            if belonging := [record for record in records if self._belongs_to(record, shard, whole)]:
                yield belonging

    async def mark_moved(self, moved: MoveMark) -> None:
        """Make the mark durable: the source acknowledges no commit from then on."""
        await self._source.mark_moved(moved)

    def _part_shards(self, shard: str) -> list[str]:
        return names.split_shard(shard, self._source.about.shards, self.about.shards)

    def _whole_shard(self, shard: str) -> str:
        return names.unsplit_shard(shard, self._source.about.shards)

    def _belongs_to(self, record: Record, shard: str, whole: str) -> bool:
        if isinstance(record, DocumentRecord):
            return names.lies_in(shard, record.name, self.about.shards)
        return shard == whole
