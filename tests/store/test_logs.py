"""Logs: order within each shard, pages that join, fairness between shards, trims."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict

import pytest

from consent_service.errors import CursorExpired, CursorInvalid
from consent_service.store.contract import Append, Change, Entry, Position, Store, Trim
from consent_service.store.names import site_shards

SHARDS = ["acme.00", "acme.01", "acme.02"]
LOG = "ledger"


async def append(store: Store, shard: str, *payloads: bytes, log: str = LOG) -> int:
    """One commit that appends these entries."""
    return await store.commit(Change(shard, append=[Append(log, payload) for payload in payloads]))


async def read_all(store: Store, shards: list[str], limit: int) -> list[Entry]:
    """Page after page until one is empty."""
    entries: list[Entry] = []
    page = await store.read(LOG, shards, "", limit)
    while page.entries:
        assert len(page.entries) <= limit
        entries += page.entries
        page = await store.read(LOG, shards, page.cursor, limit)
    return entries


async def test_an_empty_log_is_an_empty_page_with_a_cursor_that_goes_on(store: Store) -> None:
    page = await store.read(LOG, SHARDS, "", 10)
    assert page.entries == []
    await append(store, SHARDS[1], b"first")
    page = await store.read(LOG, SHARDS, page.cursor, 10)
    assert page.entries == [Entry(SHARDS[1], Position(1, 0), b"first")]


async def test_a_commits_entries_have_its_counter_value_and_their_number(store: Store) -> None:
    await store.commit(Change(SHARDS[0]))
    appended = [Append(LOG, b"a"), Append("mail", b"m"), Append(LOG, b"b")]
    assert await store.commit(Change(SHARDS[0], append=appended)) == 2
    page = await store.read(LOG, SHARDS, "", 10)
    assert page.entries == [
        Entry(SHARDS[0], Position(2, 0), b"a"),
        Entry(SHARDS[0], Position(2, 2), b"b"),
    ]
    mail = await store.read("mail", SHARDS, "", 10)
    assert mail.entries == [Entry(SHARDS[0], Position(2, 1), b"m")]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 100])
async def test_pages_join_without_gap_or_double_and_in_order_within_each_shard(
    store: Store, limit: int
) -> None:
    written: dict[str, list[bytes]] = defaultdict(list)
    for number in range(20):
        shard = SHARDS[number * number % 3]
        payloads = [b"%d.%d" % (number, part) for part in range(number % 4)]
        await append(store, shard, *payloads)
        written[shard] += payloads
    entries = await read_all(store, SHARDS, limit)
    for shard in SHARDS:
        mine = [entry for entry in entries if entry.shard == shard]
        assert [entry.payload for entry in mine] == written[shard]
        assert [entry.position for entry in mine] == sorted(entry.position for entry in mine)


async def test_a_cursor_within_a_commit_goes_on_with_its_next_entry(store: Store) -> None:
    await append(store, SHARDS[0], b"a", b"b", b"c")
    page = await store.read(LOG, SHARDS[:1], "", 2)
    assert [entry.payload for entry in page.entries] == [b"a", b"b"]
    page = await store.read(LOG, SHARDS[:1], page.cursor, 2)
    assert [entry.payload for entry in page.entries] == [b"c"]


@pytest.mark.parametrize("limit", [1, 4, 30])
async def test_a_busy_shard_does_not_keep_the_others_waiting(store: Store, limit: int) -> None:
    for _ in range(50):
        await append(store, SHARDS[0], b"busy")
    await append(store, SHARDS[1], b"quiet")
    await append(store, SHARDS[2], b"quiet")
    cursor, seen = "", Counter[bytes]()
    while seen[b"quiet"] < 2:
        page = await store.read(LOG, SHARDS, cursor, limit)
        seen.update(entry.payload for entry in page.entries)
        cursor = page.cursor
    assert seen[b"busy"] <= limit


async def test_a_page_of_at_most_no_entries_leaves_the_cursor_where_it_is(store: Store) -> None:
    await append(store, SHARDS[0], b"a")
    page = await store.read(LOG, SHARDS, "", 0)
    assert page.entries == []
    page = await store.read(LOG, SHARDS, page.cursor, 10)
    assert [entry.payload for entry in page.entries] == [b"a"]


async def test_a_cursor_over_a_sites_65_shards_is_at_most_1_kb(store: Store) -> None:
    shards = site_shards("acme", 64)
    for shard in shards:
        await append(store, shard, b"x")
    page = await store.read(LOG, shards, "", 1000)
    assert len(page.entries) == len(shards) == 65
    assert len(page.cursor) < 1024


async def test_a_cursor_of_another_log_other_shards_or_no_log_is_invalid(store: Store) -> None:
    cursor = (await store.read(LOG, SHARDS, "", 10)).cursor
    others = [("mail", SHARDS), (LOG, SHARDS[:2]), (LOG, SHARDS[::-1]), (LOG, ["x", "y", "z"])]
    for log, shards in others:
        with pytest.raises(CursorInvalid):
            await store.read(log, shards, cursor, 10)
    for text in ["x", "*", "é", cursor[:-1], cursor + "A", cursor + "=", "A" * 100_000]:
        with pytest.raises(CursorInvalid):
            await store.read(LOG, SHARDS, text, 10)


async def test_behind_a_trim_a_cursor_has_expired_and_the_start_is_what_is_left(store: Store) -> None:
    start = (await store.read(LOG, SHARDS, "", 0)).cursor
    for payload in (b"a", b"b", b"c"):
        await append(store, SHARDS[0], payload)
    behind_a = (await store.read(LOG, SHARDS, "", 1)).cursor
    behind_b = (await store.read(LOG, SHARDS, behind_a, 1)).cursor
    await store.commit(Change(SHARDS[0], trim=[Trim(LOG, 2)]))
    for expired in (start, behind_a):
        with pytest.raises(CursorExpired):
            await store.read(LOG, SHARDS, expired, 10)
    for living in ("", behind_b):
        page = await store.read(LOG, SHARDS, living, 10)
        assert [entry.payload for entry in page.entries] == [b"c"]


async def test_a_reader_that_had_read_everything_survives_a_trim_of_everything(store: Store) -> None:
    await append(store, SHARDS[0], b"a", b"b")
    cursor = (await store.read(LOG, SHARDS, "", 10)).cursor
    await store.commit(Change(SHARDS[0], trim=[Trim(LOG, 99)]))
    assert (await store.read(LOG, SHARDS, cursor, 10)).entries == []
    assert (await store.read(LOG, SHARDS, "", 10)).entries == []
    await append(store, SHARDS[0], b"c")
    assert [entry.payload for entry in (await store.read(LOG, SHARDS, cursor, 10)).entries] == [b"c"]


async def test_a_trim_in_the_middle_of_a_commit_that_was_half_read_is_noticed(store: Store) -> None:
    await append(store, SHARDS[0], b"a", b"b")
    cursor = (await store.read(LOG, SHARDS, "", 1)).cursor
    await store.commit(Change(SHARDS[0], trim=[Trim(LOG, 1)]))
    with pytest.raises(CursorExpired):
        await store.read(LOG, SHARDS, cursor, 10)


async def test_a_trim_of_one_log_and_shard_leaves_all_others(store: Store) -> None:
    for shard in SHARDS:
        await append(store, shard, b"x")
        await append(store, shard, b"m", log="mail")
    await store.commit(Change(SHARDS[0], trim=[Trim(LOG, 9), Trim("never", 9)]))
    assert {entry.shard for entry in (await store.read(LOG, SHARDS, "", 10)).entries} == set(SHARDS[1:])
    assert len((await store.read("mail", SHARDS, "", 10)).entries) == 3


async def test_a_trim_does_not_reach_what_is_appended_after_it(store: Store) -> None:
    await append(store, SHARDS[0], b"a")
    await store.commit(Change(SHARDS[0], append=[Append(LOG, b"own")], trim=[Trim(LOG, 10**6)]))
    await append(store, SHARDS[0], b"later")
    assert [entry.payload for entry in await read_all(store, SHARDS, 10)] == [b"later"]


async def test_a_trim_does_not_reach_what_is_appended_in_the_same_turn_behind_it(store: Store) -> None:
    trim = store.commit(Change(SHARDS[0], trim=[Trim(LOG, 10**6)]))
    await asyncio.gather(append(store, SHARDS[0], b"a"), trim, append(store, SHARDS[0], b"later"))
    assert [entry.payload for entry in await read_all(store, SHARDS, 10)] == [b"later"]
