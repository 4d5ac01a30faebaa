"""Commits: a change as one script call, and what the script's answer means. Sends nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final

from consent_service.errors import Conflict, StoreMoved
from consent_service.store.contract import Change
from consent_service.store.move_mark import decode_mark
from consent_service.store.redis import layout, scripts
from consent_service.store.redis.connection import Word, pack
from consent_service.store.redis.faults import unstorable
from consent_service.store.redis.layout import ShardKeys, packed_expiry

LARGEST: Final = 32_768
"""Bytes of names remembered of one commit for other processes' caches; of a larger one "everything" is."""

_EVERYTHING: Final = b"*"
_LENGTH: Final = struct.Struct(">I")
_CLEANED_AFTER: Final = 3_600
"""Seconds by which Redis keeps a document longer than it lives: its clock may be ahead of ours, and ours decides
what has expired, for reading and for committing alike; Redis's expiry only frees the memory."""
_LONGEST_LIFE: Final = 100 * 366 * 86_400
_EXACT: Final = 2**53
"""Scores and versions are doubles over there."""


def command(change: Change, where: ShardKeys, now: float, floor: int | None) -> bytes:
    """The packed call of commit.lua. `floor`: where the counter of a shard begins that may be new; None = it
    must be there. Raises StoreError for what can't be stored, so that the script never meets it.
    """
    try:
        steps = _Steps(where)
        _fill(steps, change, where, now)
        start: Word = b"" if floor is None else floor
        head: list[Word] = [b"EVALSHA", scripts.COMMIT.digest, len(steps.keys), *steps.keys]
        return pack(*head, int(now), start, _written(change), *steps.words)
    except (TypeError, AttributeError, ValueError, struct.error) as error:
        raise unstorable(error) from error


def registration(shard: str, *, copied: bool = False) -> bytes:
    """The packed call of register.lua. `copied`: for a store that is being copied there."""
    keys = (layout.SHARDS, layout.MOVED, layout.MOVING)
    return pack(b"EVALSHA", scripts.REGISTER.digest, len(keys), *keys, shard, int(copied))


def outcome(reply: Any, shard: str, store: str) -> int | None:
    """The counter's value, or what registering came to; None when the shard is new and must be registered first.

    Raises Conflict, and StoreMoved for a store that bears the mark of a move.
    """
    if isinstance(reply, int):
        return reply
    if reply[0] == b"new":
        return None
    if reply[0] == b"moved":
        raise refusal(reply[1], store)
    _, version, expected = reply
    raise Conflict(f"a document of {shard} has version {version}, not {expected}: read it again")


def written(data: bytes) -> list[bytes] | None:
    """The documents that a commit wrote, as its shard's stream of changes tells; None = everything."""
    if data == _EVERYTHING:
        return None
    names, at = list[bytes](), 1
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        names.append(data[at : at + length])
        at += length
    return names


def refusal(mark: bytes, store: str) -> StoreMoved:
    """The error for a store that bears this mark; an empty one means that a store is being copied there."""
    if not mark:
        return StoreMoved(f"a store is being copied to {store}: finish that first, with the same command")
    return decode_mark(mark, store).refusal(store)


class _Steps:
    """What the script is to do, and the keys that it does it to, each named once."""

    def __init__(self, where: ShardKeys) -> None:
        self.keys: dict[bytes, int] = {where.head: 1, where.changes: 2}
        self.words: list[Word] = []

    def add(self, step: bytes, key: bytes, *words: Word) -> None:
        self.words += (step, self.keys.setdefault(key, len(self.keys) + 1), *words)


def _fill(steps: _Steps, change: Change, where: ShardKeys, now: float) -> None:
    for name, version in change.expect.items():
        steps.add(b"expect", where.document(name), _whole(version))
    for put in change.put:
        expiry = packed_expiry(put.expires_at)
        life = milliseconds(put.expires_at, now)
        steps.add(b"put", where.document(put.name), expiry, life, _bytes(put.value))
    for name in change.delete:
        steps.add(b"delete", where.document(name))
    for index, member, score in change.add:
        steps.add(b"add", where.index(index), _whole(score), _bytes(member))
    for index, member in change.remove:
        steps.add(b"remove", where.index(index), _bytes(member))
    for number, (log, payload) in enumerate(change.append):
        steps.add(b"append", where.log(log), number, _bytes(payload))
    for log, through in change.trim:
        steps.add(b"trim", where.log(log), min(_int(through), _EXACT), b"t" + log.encode())


def _written(change: Change) -> bytes:
    names = [*(put.name for put in change.put), *change.delete]
    if sum(map(len, names)) > LARGEST:
        return _EVERYTHING
    packed = b"".join(_LENGTH.pack(len(name)) + name for name in _once(names))
    return b"k" + packed if names else b""


def milliseconds(expires_at: int | None, now: float) -> int:
    """How long Redis keeps a document; 0 = as long as it is not deleted."""
    if expires_at is None:
        return 0
    return 1000 * int(min(max(expires_at - now, 0) + _CLEANED_AFTER, _LONGEST_LIFE))


def _once(names: Iterable[bytes]) -> Iterable[bytes]:
    return dict.fromkeys(names)


def _bytes(value: bytes) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"wanted bytes, not {type(value).__name__}")
    return value


def _int(value: int) -> int:
    if not isinstance(value, int):
        raise TypeError(f"wanted a whole number, not {type(value).__name__}")
    return value


def _whole(value: int) -> int:
    """A number that a double holds exactly."""
    if abs(_int(value)) > _EXACT:
        raise ValueError("beyond 2**53")
    return value
