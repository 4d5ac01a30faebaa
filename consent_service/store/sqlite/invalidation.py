"""Invalidation: the keys that the last groups of commits wrote, for the caches of other processes.

Each group of commits that wrote documents leaves one row with its number, the mark. The rows are bounded in
number and size. A question from further back, or about a group that was too large, is answered with
"everything".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from consent_service.store.contract import Change, Changes, Key
from consent_service.store.sqlite.bulk import Execute

KEPT: Final = 512
"""Groups remembered: more than a second of the fastest disk."""

LARGEST: Final = 32_768
"""Bytes of keys remembered of one group."""

_NOTE: Final = "INSERT INTO change (keys) VALUES (?) RETURNING mark"
_FORGET: Final = "DELETE FROM change WHERE mark <= ?"
_MARK: Final = "SELECT max(mark) FROM change"
_SINCE: Final = "SELECT mark, keys FROM change WHERE mark > ? ORDER BY mark"


def note_changes(execute: Execute, changes: Iterable[Change]) -> None:
    """Note the group's written keys under a new mark, inside its transaction."""
    keys = [(change.shard, name) for change in changes for name in written_names(change)]
    if not keys:
        return
    packed = json.dumps([(shard, name.hex()) for shard, name in dict.fromkeys(keys)]).encode()
    (mark,) = execute(_NOTE, (packed if len(packed) <= LARGEST else None,)).fetchone()
    execute(_FORGET, (mark - KEPT,))


def written_names(change: Change) -> list[bytes]:
    """Return the documents that a change writes."""
    return [*(put.name for put in change.put), *change.delete]


def changes_since(execute: Execute, mark: int | None) -> Changes:
    """Return the keys written since `mark`; None asks for the present mark alone."""
    rows = [] if mark is None else execute(_SINCE, (mark,)).fetchall()
    if mark is None or not rows:
        present = execute(_MARK).fetchone()[0] or 0
        if mark is None or present < mark:  # behind the mark: an older file was restored
            return Changes(present, () if mark is None else None)
        return Changes(mark, ())  # a group that came between the two queries is told next time
    present = rows[-1][0]
    if len(rows) != present - mark or any(keys is None for _, keys in rows):
        return Changes(present, None)
    keys_written = (Key(shard, bytes.fromhex(name)) for _, keys in rows for shard, name in json.loads(keys))
    return Changes(present, list(dict.fromkeys(keys_written)))
