"""Every method of the store's contract as one call: a method that is not here is not tested to fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from consent_service.store.contract import Change, Key, KeyedDocuments, Put, Store

Call = Callable[[Store], Awaitable[object]]


async def walked(
    store: Store, shards: Sequence[str] = ("acme.07",), prefix: bytes = b"a"
) -> list[KeyedDocuments]:
    """A whole walk, batch by batch."""
    return [batch async for batch in store.walk(shards, prefix)]


READS: dict[str, Call] = {
    "get": lambda store: store.get([Key("acme.07", b"a")]),
    "read": lambda store: store.read("ledger", ["acme.07"], "", 10),
    "range": lambda store: store.range("acme.07", b"due", 0, 9),
    "count": lambda store: store.count("acme.07", b"due", 0, 9),
    "walk": walked,
    "changed_since": lambda store: store.changed_since(0),
}
WRITES: dict[str, Call] = {
    "check_writable": lambda store: store.check_writable(["acme.07"]),
    "commit": lambda store: store.commit(Change("acme.07", put=[Put(b"a", b"1")])),
}
CALLS = READS | WRITES
"""All but `close`, which never fails."""
