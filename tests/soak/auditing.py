"""The audit: what the books say against what lies in the ledger, in the standings, and in the flags.

Reads the store through a connection of its own while the service runs; writes nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import httpx2

from consent_service.ledger.entries import decode, digest_of, standing_of
from consent_service.services.records.deadline import READ_TIMEOUT
from consent_service.services.records.standings import record_key
from consent_service.store.contract import Key, Store
from consent_service.store.engines import open_store
from consent_service.store.names import DEFAULT_SHARDS, LEDGER, site_shards
from tests.soak.serving import SITE
from tests.soak.visiting import LIMIT, OPT_OUT, Acknowledged, Asked, Books, acknowledged, post
from tests.support.configuration import RING
from tests.support.records import records_of

_T = TypeVar("_T")

_PAGE: Final = 10_000
_REPEATED: Final = 20
_PATIENCE: Final = 10


class Recorded(NamedTuple):
    """One entry of the ledger: its digest, and where the record of whom it is about lies."""

    digest: str
    record: Key


async def ledger(url: str) -> dict[str, Recorded]:
    """Every entry of the site by its id, after comparing each visitor's standing with the fold of the log."""
    store = open_store(url)
    try:
        payloads = await _payloads(store)
        entries = [(decode(payload), payload) for payload in payloads]
        records = await records_of(store, SITE)
        whose = {record.subject.hex(): key for key, record in records.items()}
        found = {entry.id: Recorded(digest_of(payload), whose[entry.subject]) for entry, payload in entries}
        assert len(found) == len(payloads), "two entries bear one id"
        return found
    finally:
        await store.close()


def record_of(visitor: bytes) -> Key:
    """Return the key of this visitor's record."""
    return record_key(RING, SITE, visitor, DEFAULT_SHARDS)


async def check_folds(url: str) -> None:
    """The standing of each is the fold of the log, and nobody has one without the other (design rule 6)."""
    store = open_store(url)
    try:
        logs: dict[str, list[bytes]] = defaultdict(list)
        for payload in await _payloads(store):
            logs[decode(payload).subject].append(payload)
        records = await records_of(store, SITE)
        numbers = {record.subject.hex() for record in records.values()}
        assert numbers == logs.keys(), "half a commit: standing or entry is missing"
        for record in records.values():
            assert record.standing == standing_of(logs[record.subject.hex()]), "the standing is not the fold"
    finally:
        await store.close()


def lost(books: Books, found: dict[str, Recorded]) -> list[Acknowledged]:
    """Return the choices that were acknowledged and are not in the ledger as acknowledged."""
    return [
        entry
        for entry in books.acknowledged
        if found.get(entry.receipt) != Recorded(entry.digest, record_of(entry.asked.visitor))
    ]


def unacknowledged(books: Books, found: dict[str, Recorded]) -> list[Recorded]:
    """Entries whose answer was lost; each must be of a choice in doubt."""
    receipts = {entry.receipt for entry in books.acknowledged}
    extra = [recorded for receipt, recorded in found.items() if receipt not in receipts]
    assert len(extra) <= len(books.in_doubt), "entries that nobody asked for"
    in_doubt = {record_of(asked.visitor) for asked in books.in_doubt}
    assert {recorded.record for recorded in extra} <= in_doubt, "whose are they?"
    return extra


async def check_flags(http: httpx2.AsyncClient, entries: Iterable[Acknowledged]) -> int:
    """Each token is honoured, and what it was given for is denied; how many answers the store was late for."""
    late = 0
    for batch in _batches(list(entries)):
        late += sum(await asyncio.gather(*(_check_flag(http, entry) for entry in batch)))
    return late


async def settle(http: httpx2.AsyncClient, books: Books) -> None:
    """Send again what is in doubt, twice: the same `id` is recorded once, for the same visitor.

    So are the last choices that were acknowledged: they get the receipt that they got.
    """
    for known in books.acknowledged[-_REPEATED:]:
        assert (await _again(http, known.asked)).receipt == known.receipt, "recorded once more"
    for batch in _batches(books.in_doubt):
        for first, second in await asyncio.gather(*(_twice(http, asked) for asked in batch)):
            assert (first.receipt, first.digest) == (second.receipt, second.digest), "recorded once more"
            books.note(first)
    books.in_doubt.clear()


async def flag_of(http: httpx2.AsyncClient, token: str) -> tuple[dict[str, Any], bool]:
    """The flag of whom this token names, and whether it took so long that the store may have been late."""
    response = await http.get(f"/v1/{SITE}/flag", params={"visitor": token})
    assert response.status_code == 200, response.text
    return dict(response.json()), response.elapsed.total_seconds() >= READ_TIMEOUT


async def _check_flag(http: httpx2.AsyncClient, entry: Acknowledged) -> int:
    """A late store answers denied and `unavailable`, and is asked again; whatever is quick must be right."""
    late = 0
    while True:
        flag, slow = await flag_of(http, entry.token)
        if entry.asked.choice == OPT_OUT:
            assert (flag["sale"], flag["share"]) == ("denied", "denied"), flag
        elif entry.asked.choice == LIMIT:
            assert flag["sensitive"] == "denied", flag
        if flag["basis"] != "unavailable":
            return late
        assert slow, f"doubt about a token that was given with an acknowledgement: {flag}"
        assert late < _PATIENCE, "the store stays late"
        late += 1


async def _again(http: httpx2.AsyncClient, asked: Asked) -> Acknowledged:
    return acknowledged(asked, await post(http, asked))


async def _twice(http: httpx2.AsyncClient, asked: Asked) -> tuple[Acknowledged, Acknowledged]:
    return await _again(http, asked), await _again(http, asked)


async def _payloads(store: Store) -> list[bytes]:
    """The whole log, each shard's entries in order."""
    shards, cursor, payloads = site_shards(SITE, store.shards), "", list[bytes]()
    while True:
        page = await store.read(LEDGER, shards, cursor, _PAGE)
        payloads += [entry.payload for entry in page.entries]
        if len(page.entries) < _PAGE:
            return payloads
        cursor = page.cursor


def _batches(everything: Sequence[_T], size: int = 500) -> Iterable[Sequence[_T]]:
    return (everything[start : start + size] for start in range(0, len(everything), size))
