"""Copy of a store, shard by shard: a move, a backup and a restoration are all this.

Each shard is copied as of one moment: its counter must not change meanwhile. Then it is read back, and count
and digest must be equal. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from consent_service.errors import StoreBusy, StoreCorrupt
from consent_service.store.move_mark import MoveMark
from consent_service.store.transfer.record_check import ShardCheck
from consent_service.store.transfer.records import (
    Batches,
    CopySource,
    CopyTarget,
    ShardHead,
    Tally,
    TallyBuilder,
)

_TRIES: Final = 20
"""Times that a shard is read again because it was written meanwhile."""

ShardProgress = Callable[[int, int], None]
"""Told how many shards are done, of how many."""


def show_nothing(_done: int, _total: int) -> None:
    """Show no progress."""


async def copy_store(
    source: CopySource,
    target: CopyTarget,
    clock: Callable[[], float],
    progress: ShardProgress = show_nothing,
    *,
    still: bool = True,
    restored_at: int | None = None,
    moved: MoveMark | None = None,
    saved: bytes = b"",
) -> int:
    """Copy all that `source` holds and return the number of its shards.

    `still`: nothing may be written to the source from the first to the last shard, else StoreBusy. Without it each
    shard is of its own moment. `moved`: the mark that the source bears before the copy can be opened; what was
    written to it until then is copied too. `saved`: the digest of the backup that `source` is. What was interrupted
    goes on where it was. Raises StoreCorrupt for a record that can't be, and when a shard read back is not what was
    written.
    """
    heads = dict(await target.begin_copy(source.about, saved))
    tries = 1 if still else _TRIES
    await _copy_shards(source, target, heads, clock, tries, progress)
    if still:
        await _check_still(source, heads)
    if moved is not None:
        await source.mark_moved(moved)
        await _copy_shards(source, target, heads, clock, tries, show_nothing)
    await target.complete_copy(source.about, restored_at)
    progress(len(heads), len(heads))
    return len(heads)


async def _copy_shards(
    source: CopySource,
    target: CopyTarget,
    heads: dict[str, ShardHead],
    clock: Callable[[], float],
    tries: int,
    progress: ShardProgress,
) -> None:
    """Copy the shards whose head differs from the one that `heads` notes for the target, and note them in `heads`."""
    shards = _in_order(await source.shards())
    for number, shard in enumerate(shards):
        progress(number, len(shards))
        if heads.get(shard) != await source.read_head(shard):
            heads[shard] = await _copy_shard(source, target, shard, clock, tries)


def _in_order(shards: list[str]) -> list[str]:
    """Return the shards, desks first: a desk notes how far other shards were read, and must not know more of them
    than their copy holds.
    """
    return sorted(shards, key=lambda shard: (not shard.endswith(".desk"), shard))


async def _copy_shard(
    source: CopySource, target: CopyTarget, shard: str, clock: Callable[[], float], tries: int
) -> ShardHead:
    for _ in range(tries):
        now, head = int(clock()), await source.read_head(shard)
        await target.clear_shard(shard)
        check = ShardCheck(shard, source.about.shards, head, now)
        async for records in source.read_records(shard, now):
            check.add_records(records)
            await target.put_records(shard, records, now)
        if await source.read_head(shard) == head:
            check.require_sound(source.name)
            _check_equal(
                check.tally(), await _tally_of(target.read_records(shard, now)), f"{shard} in {target.name}"
            )
            await target.seal_shard(shard, head)
            return head
    raise _written_error(source)


async def _check_still(source: CopySource, copied: dict[str, ShardHead]) -> None:
    present = {shard: await source.read_head(shard) for shard in await source.shards()}
    if present != copied:
        raise _written_error(source)


async def _tally_of(batches: Batches) -> Tally:
    builder = TallyBuilder()
    async for records in batches:
        builder.add_records(records)
    return builder.tally()


def _check_equal(sent: Tally, written: Tally, where: str) -> None:
    if sent != written:
        raise StoreCorrupt(
            f"{where} is not what was written ({written.records} records, {sent.records} sent): nothing else may "
            "write there; begin again with an empty place"
        )


def _written_error(source: CopySource) -> StoreBusy:
    return StoreBusy(f"{source.name} was written while it was read: stop the service, then do this again")
