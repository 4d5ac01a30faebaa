"""The store's contract: documents, indexes and logs, committed together.

One contract, several engines. It knows nothing of consent, sites or visitors: keys and values are
bytes, shards are names that the caller chose. Whatever an engine's driver raises becomes one of the
`StoreError`s at that engine's boundary.

Versions and positions: every shard has one counter. A commit takes its next value, and that value is
both the version of everything it writes and the position of everything it appends, so nothing is ever
seen twice under one version and positions are equal in every engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct, field


class Key(NamedTuple):
    """A document's address. `shard` is the unit of atomic commit."""

    shard: str
    name: bytes


class Document(NamedTuple):
    """A stored value. `version` >= 1; `expires_at` is Unix seconds, None = never."""

    value: bytes
    version: int
    expires_at: int | None = None


KeyedDocuments = Sequence[tuple[Key, Document]]
"""Documents with where they lie."""


class Put(NamedTuple):
    """A document to write. `expires_at` is Unix seconds, None = never."""

    name: bytes
    value: bytes
    expires_at: int | None = None


class Member(NamedTuple):
    """One member of the index `name`; order is (score, member).

    A member stands once in its index: adding it again moves it. `score` is exact within +-2**53.
    """

    name: bytes
    member: bytes
    score: int


class Append(NamedTuple):
    """An entry to add to the end of a log."""

    log: str
    payload: bytes


class Position(NamedTuple):
    """Place in one shard's log: the commit's counter value, then the entry's number within the commit."""

    sequence: int
    number: int


class Entry(NamedTuple):
    """An entry of a log, with the shard and the position at which it lies."""

    shard: str
    position: Position
    payload: bytes


class Trim(NamedTuple):
    """Drop the log's entries with sequence <= `through` in this shard."""

    log: str
    through: int


class Change(Struct, frozen=True):
    """One commit's work on one shard: all of it is done, or nothing.

    `expect` names documents and the version that was read (0 = absent or expired). The parts are done in the
    order of the members below, so a name that is both put and deleted is gone.
    """

    shard: str
    expect: Mapping[bytes, int] = field(default_factory=dict)
    put: Sequence[Put] = ()
    delete: Sequence[bytes] = ()
    add: Sequence[Member] = ()
    remove: Sequence[tuple[bytes, bytes]] = ()  # (index, member)
    append: Sequence[Append] = ()
    trim: Sequence[Trim] = ()


class Page(NamedTuple):
    """Entries of one log merged over shards: in order within each shard. `cursor` resumes behind them."""

    entries: Sequence[Entry]
    cursor: str


class Changes(NamedTuple):
    """The keys that may have changed since a mark. `keys` None means "everything"."""

    mark: int
    keys: Sequence[Key] | None


class Store(Protocol):
    """The methods of every engine. All errors are `errors.StoreError`s."""

    @property
    def shards(self) -> int:
        """Return the number of visitor shards of each site; it was fixed when the store was made."""

    def is_lost(self, shard: str, version: int) -> bool:
        """Return True if this value of the shard's counter was lost by a restoration.

        A lost value was taken after the backup that was restored since: what it stood for is forgotten. Answers
        from memory.
        """

    async def get(self, keys: Sequence[Key]) -> list[Document | None]:
        """Return the documents in the order asked; None for those that are absent or have expired.

        Calls made within one turn of the event loop are gathered into one read.
        """

    async def commit(self, change: Change) -> int:
        """Commit the change and return its counter value once it is durable. Raises Conflict, StoreBusy.

        Every expectation is checked before the first write, then the whole change is done atomically. After
        Conflict, or StoreBusy (the queue is full), nothing was written. Whatever was read before is durable
        with the commit, also the data of another commit that was not durable yet.
        """

    async def read(self, log: str, shards: Sequence[str], after: str, limit: int) -> Page:
        """Return at most `limit` entries of the log after the cursor. Raises CursorInvalid, CursorExpired.

        `after` "" = from the start of `shards`. The cursor is opaque, URL-safe text of at most 1 KB for 65 shards.
        CursorExpired: it is behind a trim, ahead of the log, or among lost values; CursorInvalid: it is no cursor for
        these shards. A busy shard does not keep the others waiting.
        """

    async def range(
        self,
        shard: str,
        index: bytes,
        low: int,
        high: int,
        *,
        after: Member | None = None,
        limit: int = 100,
        reverse: bool = False,
    ) -> list[Member]:
        """Return members of the index with low <= score <= high, ordered by (score, member).

        They start behind `after`; `reverse` turns the order round.
        """

    async def count(self, shard: str, index: bytes, low: int, high: int) -> int:
        """Return the number of members with low <= score <= high."""

    def walk(self, shards: Sequence[str], prefix: bytes) -> AsyncIterator[KeyedDocuments]:
        """Yield every document of these shards whose name begins with `prefix`, in batches, in any order.

        A document that exists the whole time is met, maybe twice. Slow: the engine looks at all that it holds.
        """

    async def changed_since(self, since: int | None) -> Changes:
        """Return the keys that may have been written since the mark; None asks for the present mark alone.

        The writer may be any process. An engine that no longer knows answers "everything". Cheap when nothing
        happened.
        """

    async def check_writable(self, shards: Sequence[str]) -> None:
        """Return if a commit to any of these shards would be taken now. Raises the error with which it would fail.

        Checks each place where the shards lie; changes no document, index or log.
        """

    async def close(self) -> None:
        """Close the store."""
