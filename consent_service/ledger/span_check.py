"""Check of the positions of a segment's entries against the spans in its checkpoint. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from operator import lt

from consent_service.ledger.checkpoints import Span

LogPosition = tuple[int, int]
"""A commit, and the entry's number in it."""


def span_faults(
    shards: Sequence[str], positions: Sequence[LogPosition], spans: Mapping[str, Span]
) -> Iterator[str]:
    """Yield what contradicts the checkpoint's spans: positions must rise, lie in their span, and reach its end.

    `shards` and `positions` have one value for each line.
    """
    if shards == sorted(shards) and set(shards) == spans.keys():
        runs = {shard: slice(bisect_left(shards, shard), bisect_right(shards, shard)) for shard in spans}
        if all(_fills_span(positions[runs[shard]], span) for shard, span in spans.items()):
            return
    places = list(zip(shards, positions, strict=True))
    for earlier, later in pairwise(places):
        if later <= earlier:
            yield f"{_position_text(*later)} must not follow {_position_text(*earlier)}"
    for shard, position in places:
        if shard not in spans or not spans[shard].after < position[0] <= spans[shard].through:
            yield f"{_position_text(shard, position)} lies outside its span"
    last = dict(zip(shards, positions, strict=True))
    for shard, span in spans.items():
        if last.get(shard, (0, 0))[0] < span.through:
            yield f"the checkpoint's span of {shard} ends at {span.through}, but no entry has that position"


def _fills_span(positions: Sequence[LogPosition], span: Span) -> bool:
    """Return True if one shard's positions rise, lie in the span and end where it ends."""
    rising = all(map(lt, positions, islice(positions, 1, None)))
    return rising and span.after < positions[0][0] and positions[-1][0] == span.through


def _position_text(shard: str, position: LogPosition) -> str:
    return str([shard, *position])
