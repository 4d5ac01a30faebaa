"""Invalidation: the documents that the last commits wrote, for the caches of other processes.

Each shard has a short stream of its commits that wrote documents, numbered without gaps. A mark holds each
shard's last number. Every shard is read from there on, including the last known commit, so that a stream that
was cut, trimmed or replaced is noticed. The answer counts only once every master has confirmed that it still
is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from consent_service.errors import CursorInvalid, StoreError
from consent_service.store import cursor
from consent_service.store.contract import Changes, Key, Position
from consent_service.store.redis.address import Address
from consent_service.store.redis.commits import moved_error, written_names
from consent_service.store.redis.connection import pack_command
from consent_service.store.redis.handshake import ChannelPurpose, require_master
from consent_service.store.redis.key_layout import HEADER_SLOT, MOVED, SHARDS, shard_keys
from consent_service.store.redis.router import Router
from consent_service.store.redis.scans import all_of
from consent_service.store.redis.store_header import decode_names

_LOG: Final = "changes"
_MOST: Final = 1000
"""More than any shard's stream of changes holds."""
_TOGETHER: Final = 1000
"""Shards asked at once: look-ups share the queue."""
_FIRST: Final = b"\1"
_COUNT_BYTES: Final = 4
_ROLE: Final = pack_command(b"ROLE")

Counts = tuple[int, ...]
"""Commit counts of the shards, in the order of their registration."""


class Invalidation:
    """The state of `changed` for one opening of the store."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shards: list[str] = []
        self._last: tuple[int, Counts] | None = None
        self._heard: tuple[Router, int] | None = None

    async def changed(self, router: Router, since: int | None) -> Changes:
        """Return the keys written since the mark `since`; None asks for the present mark alone. Raises StoreMoved."""
        hearing = (router, router.losses)
        # What was told over a line that was lost, or by a master that is none now, may be superseded.
        interrupted = self._heard is not None and self._heard != hearing
        await self._learn_shards(router)
        counts = None if since is None or interrupted else self._decode_mark(since)
        changes = None if counts is None else await self._changes_behind(router, counts)
        present, keys = (await self._present_counts(router), None) if changes is None else changes
        self._heard = hearing
        mark = self._encode_mark(present)
        return Changes(mark, () if since is None or keys == [] else keys)

    async def _learn_shards(self, router: Router) -> None:
        """Read the register of shards on from the last one known. Raises StoreMoved."""
        last = max(len(self._shards) - 1, 0)
        commands = pack_command(b"GET", MOVED), pack_command(b"ZRANGE", SHARDS, last, -1)
        moved, names = await all_of(
            router.ask_slot(ChannelPurpose.LOOK_UP, HEADER_SLOT, command) for command in commands
        )
        if moved is not None:
            raise moved_error(moved, self._name)
        if self._shards and (not names or names[0] != self._shards[-1].encode()):  # another register
            self._shards, self._last = [], None
            return await self._learn_shards(router)
        self._shards[last:] = decode_names(names, self._name)

    async def _changes_behind(self, router: Router, counts: Counts) -> tuple[Counts, list[Key] | None] | None:
        """Return every shard's present count and the keys written behind `counts`; None when a stream has a gap."""
        behind = [*counts, *[0] * (len(self._shards) - len(counts))]
        present, keys, everything = list[int](), dict[Key, None](), False
        commands = [_changes_command(shard, count) for shard, count in zip(self._shards, behind, strict=True)]
        for shard, count, entries in zip(
            self._shards, behind, await self._ask_shards(router, commands), strict=True
        ):
            records = [(int(at.partition(b"-")[0]), fields[1]) for at, fields in entries]
            if not _continues_from(count, records):
                return None
            for _, data in records if count == 0 else records[1:]:
                names = written_names(data)
                everything = everything or names is None
                keys.update((Key(shard, name), None) for name in names or ())
            present.append(records[-1][0] if records else 0)
        return tuple(present), None if everything else list(keys)

    async def _present_counts(self, router: Router) -> Counts:
        """Return every shard's present count."""
        commands = [
            pack_command(b"XREVRANGE", shard_keys(shard).changes_key, b"+", b"-", b"COUNT", 1)
            for shard in self._shards
        ]
        replies = await self._ask_shards(router, commands)
        return tuple(int(entries[0][0].partition(b"-")[0]) if entries else 0 for entries in replies)

    async def _ask_shards(self, router: Router, commands: Sequence[bytes]) -> list[Any]:
        """Return a reply for each shard. Raises StoreError unless every master then confirms that it still is one."""
        pairs, replies = list(zip(self._shards, commands, strict=True)), list[Any]()
        for at in range(0, len(pairs), _TOGETHER):
            replies += await all_of(
                router.ask_slot(ChannelPurpose.LOOK_UP, shard_keys(shard).slot, command)
                for shard, command in pairs[at : at + _TOGETHER]
            )
        masters = router.masters
        roles = await all_of(router.ask_node(master, ChannelPurpose.LOOK_UP, _ROLE) for master in masters)
        for master, role in zip(masters, roles, strict=True):
            _check_master(router, master, role)
        return replies

    def _encode_mark(self, counts: Counts) -> int:
        """Return the counts as one opaque number, bound to the shards that they count. Shards that nobody wrote yet
        add nothing.
        """
        while counts and not counts[-1]:
            counts = counts[:-1]
        if self._last is None or self._last[1] != counts:
            at = cursor.Cursor(0, [Position(count, 0) for count in counts])
            text = cursor.encode(at, _LOG, self._shards[: len(counts)]).encode()
            number = int.from_bytes(_FIRST + len(counts).to_bytes(_COUNT_BYTES) + text)
            self._last = number, counts
        return self._last[0]

    def _decode_mark(self, mark: int) -> Counts | None:
        """Return the counts of a mark; None for a number that is no mark of these shards. Inverse of
        `_encode_mark`.
        """
        if self._last is not None and self._last[0] == mark:
            return self._last[1]
        data = mark.to_bytes((mark.bit_length() + 7) // 8) if mark > 0 else b""
        count = int.from_bytes(data[1 : 1 + _COUNT_BYTES])
        try:
            text = data[1 + _COUNT_BYTES :].decode("ascii")
            return tuple(
                shard_keys.sequence for shard_keys in cursor.decode(text, _LOG, self._shards[:count]).places
            )
        except (UnicodeDecodeError, CursorInvalid):
            return None


def _changes_command(shard: str, count: int) -> bytes:
    """Return the command for the shard's changes from the last one known on. That one is read too, to prove that
    there is no gap.
    """
    return pack_command(b"XRANGE", shard_keys(shard).changes_key, b"%d" % count, b"+", b"COUNT", _MOST)


def _continues_from(count: int, records: Sequence[tuple[int, bytes]]) -> bool:
    """Return True if these records begin with the last one known, or with the very first."""
    if not records:
        return count == 0
    return records[0][0] == max(count, 1)


def _check_master(router: Router, master: Address, role: list[Any]) -> None:
    try:
        require_master(role, master)
    except StoreError:
        router.drop_node(master)
        raise
