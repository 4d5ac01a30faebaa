"""Group: many changes inside one open transaction, decided in order and written in bulk.

Every expectation is checked before anything is written, against the file and against what the group's earlier
changes will write; then everything that was decided goes out in a handful of statements. The outcome is that of
the changes done one after the other. Knows no thread and no lock, and neither begins nor commits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from consent_service.errors import Conflict
from consent_service.store.contract import Change, Trim
from consent_service.store.sqlite import bulk
from consent_service.store.sqlite.bulk import Execute
from consent_service.store.sqlite.faults import is_the_files

Apply = Callable[[Execute, Sequence[Change], int, int], list[int | Exception]]
"""Changes, the time (Unix seconds) and where new shards' counters begin, to what each change came to."""

_VERSION: Final = (
    "SELECT version FROM document WHERE shard = ? AND name = ? AND (expires_at IS NULL OR expires_at > ?)"
)
_COUNTER: Final = "SELECT sequence FROM shard WHERE name = ?"
_COUNTERS: Final = "INSERT INTO shard (name, sequence, born)"
_COUNTED: Final = "ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence"
_DOCUMENTS: Final = "INSERT OR REPLACE INTO document (shard, name, version, expires_at, value)"
_DELETE: Final = "DELETE FROM document WHERE shard = ? AND name = ?"
_MEMBERS: Final = "INSERT OR REPLACE INTO member (shard, idx, member, score)"
_REMOVE: Final = "DELETE FROM member WHERE shard = ? AND idx = ? AND member = ?"
_ENTRIES: Final = "INSERT INTO entry (log, shard, sequence, idx, payload)"
_LAST_DROPPED: Final = """SELECT sequence, idx FROM entry
    WHERE log = ? AND shard = ? AND sequence <= ? ORDER BY sequence DESC, idx DESC LIMIT 1"""
_TRIM: Final = "DELETE FROM entry WHERE log = ? AND shard = ? AND sequence <= ?"
_TRIMMED: Final = "INSERT OR REPLACE INTO trimmed (log, shard, sequence, idx) VALUES (?, ?, ?, ?)"
_SWEEP: Final = """DELETE FROM document WHERE (shard, name) IN
    (SELECT shard, name FROM document WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"""


def apply_together(
    execute: Execute, changes: Sequence[Change], now: int, floor: int
) -> list[int | Exception]:
    """Apply the changes and return the result of each: its counter value, or the Conflict that prevented it.

    Any error that is raised may leave a part written: the caller rolls back.
    """
    group = _Group(execute, changes, now, floor)
    outcomes = [group.decide_change(change) for change in changes]
    group.write_decided(execute)
    return outcomes


def apply_each(execute: Execute, changes: Sequence[Change], now: int, floor: int) -> list[int | Exception]:
    """Apply each change in a savepoint of its own and return the results: a change that can't be written is undone
    alone.
    """
    outcomes: list[int | Exception] = []
    for change in changes:
        execute("SAVEPOINT one")
        try:
            outcomes += apply_together(execute, [change], now, floor)
        except Exception as error:
            if is_the_files(error):
                raise
            execute("ROLLBACK TO one")
            outcomes.append(error)
        execute("RELEASE one")
    return outcomes


def sweep_expired(execute: Execute, now: int, limit: int) -> None:
    """Delete at most `limit` documents that have expired."""
    execute(_SWEEP, (now, limit))


class _Group:
    """The group's view of the file, and the rows that the changes decided so far will write."""

    def __init__(self, execute: Execute, changes: Sequence[Change], now: int, floor: int) -> None:
        self._now = now
        self._floor = floor
        expected = {(change.shard, name) for change in changes for name in change.expect}
        versions = bulk.ask_many(execute, _VERSION, [(*key, now) for key in expected])
        self._versions = dict(zip(expected, (version or 0 for version in versions), strict=True))
        shards = list({change.shard for change in changes})
        counters = bulk.ask_many(execute, _COUNTER, [(shard,) for shard in shards])
        self._counters = dict(zip(shards, (counter or floor for counter in counters), strict=True))
        self._documents: dict[tuple[str, bytes], tuple[Any, ...] | None] = {}
        self._members: dict[tuple[str, bytes, bytes], int | None] = {}
        self._entries: list[tuple[str, str, int, int, bytes]] = []
        self._trims: list[tuple[str, Trim]] = []
        self._counted: dict[str, int] = {}

    def decide_change(self, change: Change) -> int | Exception:
        """Decide the change and return its counter value, or return its conflict."""
        shard = change.shard
        for name, expected in change.expect.items():
            version = self._versions[shard, name]
            if version != expected:
                return Conflict(f"a document of {shard} has version {version}, not {expected}: read it again")
        # At once the position of the entries and the version of the documents.
        sequence = self._counters[shard] = self._counted[shard] = self._counters[shard] + 1
        for name, value, expires_at in change.put:
            self._documents[shard, name] = (shard, name, sequence, expires_at, value)
            # Put with an expiry in the past, it is absent for the group's later changes.
            living = expires_at is None or expires_at > self._now
            self._versions[shard, name] = sequence if living else 0
        for name in change.delete:
            self._documents[shard, name] = None
            self._versions[shard, name] = 0
        for number, (log, payload) in enumerate(change.append):
            self._entries.append((log, shard, sequence, number, payload))
        if change.add or change.remove or change.trim:
            self._decide_rare(change, sequence)
        return sequence

    def write_decided(self, execute: Execute) -> None:
        """Write everything that was decided."""
        counted = [(shard, sequence, self._floor) for shard, sequence in self._counted.items()]
        bulk.insert_many(execute, _COUNTERS, counted, _COUNTED)
        bulk.insert_many(execute, _DOCUMENTS, [row for row in self._documents.values() if row is not None])
        for key in [key for key, row in self._documents.items() if row is None]:
            execute(_DELETE, key)
        members = [(*key, score) for key, score in self._members.items() if score is not None]
        bulk.insert_many(execute, _MEMBERS, members)
        for member in [key for key, score in self._members.items() if score is None]:
            execute(_REMOVE, member)
        bulk.insert_many(execute, _ENTRIES, self._entries)
        for shard, trim in self._trims:
            _trim_log(execute, shard, trim)

    def _decide_rare(self, change: Change, sequence: int) -> None:
        for index, member, score in change.add:
            self._members[change.shard, index, member] = score
        for index, member in change.remove:
            self._members[change.shard, index, member] = None
        for log, through in change.trim:  # what later changes append is not dropped, wherever it reaches
            self._trims.append((change.shard, Trim(log, min(through, sequence))))


def _trim_log(execute: Execute, shard: str, trim: Trim) -> None:
    """Drop the entries and remember the last one dropped: a cursor before it has missed something."""
    place = (trim.log, shard, trim.through)
    last = execute(_LAST_DROPPED, place).fetchone()
    if last is not None:
        execute(_TRIM, place)
        execute(_TRIMMED, (trim.log, shard, *last))
