"""Commits: a change as one script call, and what the script's answer means. Sends nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final

from consent_service.errors import Conflict, StoreMoved
from consent_service.store.contract import Change
from consent_service.store.move_mark import decode_mark
from consent_service.store.redis import key_layout, scripts
from consent_service.store.redis.connection import Word, pack_command
from consent_service.store.redis.faults import unstorable_error
from consent_service.store.redis.key_layout import ShardKeys, packed_expiry

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


def commit_command(change: Change, where: ShardKeys, now: float, floor: int | None) -> bytes:
    """Return the packed call of commit.lua. `floor`: start of the counter if the shard may be new; None = the shard
    must exist. Raises StoreError for what can't be stored, so that the script never meets it.
    """
    try:
        steps = _Steps(where)
        _add_steps(steps, change, where, now)
        start: Word = b"" if floor is None else floor
        head: list[Word] = [b"EVALSHA", scripts.COMMIT.digest, len(steps.keys), *steps.keys]
        return pack_command(*head, int(now), start, _pack_names(change), *steps.words)
    except (TypeError, AttributeError, ValueError, struct.error) as error:
        raise unstorable_error(error) from error


def register_command(shard: str, *, copied: bool = False) -> bytes:
    """Return the packed call of register.lua. `copied`: the shard belongs to a store that is being copied there."""
    keys = (key_layout.SHARDS, key_layout.MOVED, key_layout.MOVING)
    return pack_command(b"EVALSHA", scripts.REGISTER.digest, len(keys), *keys, shard, int(copied))


def commit_outcome(reply: Any, shard: str, store: str) -> int | None:
    """Return the counter's value, or the result of a registration; None if the shard is new and must be registered
    first.

    Raises Conflict, and StoreMoved for a store that bears the mark of a move.
    """
    if isinstance(reply, int):
        return reply
    if reply[0] == b"new":
        return None
    if reply[0] == b"moved":
        raise moved_error(reply[1], store)
    _, version, expected = reply
    raise Conflict(f"a document of {shard} has version {version}, not {expected}: read it again")


def written_names(data: bytes) -> list[bytes] | None:
    """Return the names of the documents that a commit wrote, from its shard's stream of changes; None =
    everything.
    """
    if data == _EVERYTHING:
        return None
    names, at = list[bytes](), 1
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        names.append(data[at : at + length])
        at += length
    return names


def moved_error(mark: bytes, store: str) -> StoreMoved:
    """Return the error for a store that bears this mark; an empty one means that a store is being copied there."""
    if not mark:
        return StoreMoved(f"a store is being copied to {store}: finish that first, with the same command")
    return decode_mark(mark, store).moved_error(store)


class _Steps:
    """The script's steps, and the keys that they work on, each named once."""

    def __init__(self, where: ShardKeys) -> None:
        self.keys: dict[bytes, int] = {where.head_key: 1, where.changes_key: 2}
        self.words: list[Word] = []

    def add_step(self, step: bytes, key: bytes, *words: Word) -> None:
        """Add one step on one key, with its arguments."""
        self.words += (step, self.keys.setdefault(key, len(self.keys) + 1), *words)


def _add_steps(steps: _Steps, change: Change, where: ShardKeys, now: float) -> None:
    for name, version in change.expect.items():
        steps.add_step(b"expect", where.document_key(name), _require_exact(version))
    for put in change.put:
        expiry = packed_expiry(put.expires_at)
        life = lifetime_milliseconds(put.expires_at, now)
        steps.add_step(b"put", where.document_key(put.name), expiry, life, _require_bytes(put.value))
    for name in change.delete:
        steps.add_step(b"delete", where.document_key(name))
    for index, member, score in change.add:
        steps.add_step(b"add", where.index_key(index), _require_exact(score), _require_bytes(member))
    for index, member in change.remove:
        steps.add_step(b"remove", where.index_key(index), _require_bytes(member))
    for number, (log, payload) in enumerate(change.append):
        steps.add_step(b"append", where.log_key(log), number, _require_bytes(payload))
    for log, through in change.trim:
        steps.add_step(b"trim", where.log_key(log), min(_require_int(through), _EXACT), b"t" + log.encode())


def _pack_names(change: Change) -> bytes:
    names = [*(put.name for put in change.put), *change.delete]
    if sum(map(len, names)) > LARGEST:
        return _EVERYTHING
    packed = b"".join(_LENGTH.pack(len(name)) + name for name in _without_repeats(names))
    return b"k" + packed if names else b""


def lifetime_milliseconds(expires_at: int | None, now: float) -> int:
    """Return the milliseconds for which Redis keeps a document; 0 = until it is deleted."""
    if expires_at is None:
        return 0
    return 1000 * int(min(max(expires_at - now, 0) + _CLEANED_AFTER, _LONGEST_LIFE))


def _without_repeats(names: Iterable[bytes]) -> Iterable[bytes]:
    return dict.fromkeys(names)


def _require_bytes(value: bytes) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"wanted bytes, not {type(value).__name__}")
    return value


def _require_int(value: int) -> int:
    if not isinstance(value, int):
        raise TypeError(f"wanted a whole number, not {type(value).__name__}")
    return value


def _require_exact(value: int) -> int:
    """Return the number. Raises ValueError unless a double holds it exactly."""
    if abs(_require_int(value)) > _EXACT:
        raise ValueError("beyond 2**53")
    return value
