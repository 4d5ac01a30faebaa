"""The store's contract in the plainest way there is: dictionaries, one change after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from consent_service.errors import Conflict, CursorExpired
from consent_service.store.contract import Change, Document, Entry, Key, Member, Position


class Model:
    """Model of a store: what it should hold; methods as in `contract.Store`, without awaiting."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.counters: dict[str, int] = defaultdict(int)
        self.documents: dict[Key, Document] = {}
        self.members: dict[tuple[str, bytes], dict[bytes, int]] = defaultdict(dict)
        self.logs: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.dropped: dict[tuple[str, str], Position] = {}

    def get(self, key: Key) -> Document | None:
        document = self.documents.get(key)
        if document is None or (document.expires_at is not None and document.expires_at <= self._clock()):
            return None
        return document

    def version(self, key: Key) -> int:
        document = self.get(key)
        return document.version if document else 0

    def commit(self, change: Change) -> int:
        shard = change.shard
        if any(self.version(Key(shard, name)) != version for name, version in change.expect.items()):
            raise Conflict("as expected")
        self.counters[shard] += 1
        sequence = self.counters[shard]
        for put in change.put:
            self.documents[Key(shard, put.name)] = Document(put.value, sequence, put.expires_at)
        for name in change.delete:
            self.documents.pop(Key(shard, name), None)
        for added in change.add:
            self.members[shard, added.name][added.member] = added.score
        for index, member in change.remove:
            self.members[shard, index].pop(member, None)
        for number, append in enumerate(change.append):
            entry = Entry(shard, Position(sequence, number), append.payload)
            self.logs[append.log, shard].append(entry)
        for trim in change.trim:
            self._trim(shard, trim.log, trim.through)
        return sequence

    def range(self, shard: str, index: bytes, low: int, high: int) -> list[Member]:
        """All of them, in rising order."""
        found = [Member(index, member, score) for member, score in self.members[shard, index].items()]
        return sorted(
            (one for one in found if low <= one.score <= high), key=lambda one: (one.score, one.member)
        )

    def behind(self, log: str, shard: str, last: Position | None) -> list[Entry]:
        """One shard's entries behind the last one read; CursorExpired when one of them was dropped."""
        dropped = self.dropped.get((log, shard))
        if last is None:
            return self.logs[log, shard]
        if dropped is not None and last < dropped:
            raise CursorExpired("as expected")
        return [entry for entry in self.logs[log, shard] if entry.position > last]

    def _trim(self, shard: str, log: str, through: int) -> None:
        entries = self.logs[log, shard]
        gone = [entry for entry in entries if entry.position.sequence <= through]
        if gone:
            self.dropped[log, shard] = gone[-1].position
            self.logs[log, shard] = entries[len(gone) :]
