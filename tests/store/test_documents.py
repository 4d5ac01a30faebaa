"""Documents: versions, conflicts, expiry, and that a change is all or nothing."""

from __future__ import annotations

import asyncio

import pytest

from consent_service.errors import Conflict, StoreError
from consent_service.store.contract import Append, Change, Document, Key, Member, Put, Store
from tests.store.harness import Harness
from tests.support.clock import START, Clock

SHARD = "acme.07"
A, B = Key(SHARD, b"a"), Key(SHARD, b"b")


def put(value: bytes, name: bytes = b"a", expires_at: int | None = None, **expect: int) -> Change:
    """A change of one document; `put(b"1", a=0)` expects that it is absent."""
    expected = {known.encode(): version for known, version in expect.items()}
    return Change(SHARD, expected, [Put(name, value, expires_at)])


async def test_a_document_that_was_never_written_is_none(store: Store) -> None:
    assert await store.get([A]) == [None]
    assert await store.get([]) == []


async def test_documents_come_in_the_order_asked_and_as_often_as_asked(store: Store) -> None:
    await store.commit(put(b"1", b"a"))
    await store.commit(put(b"2", b"b"))
    one, two = Document(b"1", 1), Document(b"2", 2)
    assert await store.get([B, A, Key(SHARD, b"c"), B]) == [two, one, None, two]


async def test_many_more_keys_than_fit_one_statement_come_in_order(store: Store) -> None:
    names = [b"%d" % number for number in range(1000)]
    await store.commit(Change(SHARD, dict.fromkeys(names, 0), [Put(name, name) for name in names]))
    found = await store.get([Key(SHARD, name) for name in names])
    assert [document and document.value for document in found] == names


@pytest.mark.parametrize("value", [b"", b"\0", b"\xff" * 44, bytes(range(256)) * 256], ids=len)
async def test_any_bytes_come_back_as_they_were(store: Store, value: bytes) -> None:
    name = value[:500]
    await store.commit(put(value, name))
    assert await store.get([Key(SHARD, name)]) == [Document(value, 1)]


async def test_a_shards_counter_is_the_version_of_all_that_a_commit_writes(store: Store) -> None:
    both = Change(SHARD, put=[Put(b"a", b"1"), Put(b"b", b"1")])
    assert [await store.commit(both), await store.commit(both), await store.commit(put(b"3"))] == [1, 2, 3]
    assert await store.get([A, B]) == [Document(b"3", 3), Document(b"1", 2)]


async def test_each_shard_counts_for_itself(store: Store) -> None:
    await store.commit(put(b"1"))
    assert await store.commit(Change("acme.08", put=[Put(b"a", b"x")])) == 1
    assert await store.get([A, Key("acme.08", b"a")]) == [Document(b"1", 1), Document(b"x", 1)]


async def test_a_change_of_nothing_takes_a_counter_value_too(store: Store) -> None:
    assert await store.commit(Change(SHARD)) == 1
    assert await store.commit(put(b"1")) == 2


async def test_a_version_is_never_used_twice_not_even_after_a_deletion(store: Store) -> None:
    await store.commit(put(b"1"))
    await store.commit(Change(SHARD, {b"a": 1}, delete=[b"a"]))
    assert await store.get([A]) == [None]
    assert await store.commit(put(b"2", a=0)) == 3


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_another_version_than_expected_is_a_conflict_and_nothing_is_written(
    store: Store, expected: int
) -> None:
    await store.commit(put(b"1", b"b"))
    await store.commit(put(b"2"))
    change = Change(
        SHARD,
        {b"b": 1, b"a": expected},
        [Put(b"b", b"lost")],
        add=[Member(b"due", b"m", 1)],
        append=[Append("log", b"lost")],
    )
    with pytest.raises(Conflict):
        await store.commit(change)
    assert await store.get([A, B]) == [Document(b"2", 2), Document(b"1", 1)]
    assert await store.count(SHARD, b"due", 0, 9) == 0
    assert (await store.read("log", [SHARD], "", 10)).entries == []
    assert await store.commit(put(b"3", a=2, b=1)) == 3, "a conflict takes no counter value"


async def test_what_is_put_and_deleted_by_one_change_is_gone(store: Store) -> None:
    await store.commit(Change(SHARD, put=[Put(b"a", b"1")], delete=[b"a", b"never"]))
    assert await store.get([A]) == [None]


async def test_of_two_puts_of_one_name_the_last_stands(store: Store) -> None:
    await store.commit(Change(SHARD, put=[Put(b"a", b"1"), Put(b"a", b"2")]))
    assert await store.get([A]) == [Document(b"2", 1)]


async def test_an_expired_document_is_absent_and_counts_as_version_0(store: Store, clock: Clock) -> None:
    await store.commit(put(b"1", expires_at=START + 10))
    assert await store.get([A]) == [Document(b"1", 1, START + 10)]
    clock.now = START + 9.9
    assert await store.get([A]) == [Document(b"1", 1, START + 10)]
    clock.now = START + 10
    assert await store.get([A]) == [None]
    with pytest.raises(Conflict):
        await store.commit(put(b"2", a=1))
    assert await store.commit(put(b"2", a=0)) == 2
    assert await store.get([A]) == [Document(b"2", 2)]


async def test_a_document_that_is_born_expired_is_absent_to_the_change_behind_it(store: Store) -> None:
    first, second = put(b"1", expires_at=START), put(b"2", a=0)
    assert await asyncio.gather(*map(store.commit, [first, second])) == [1, 2]


async def test_changes_in_one_turn_see_each_other_in_order(store: Store) -> None:
    """They share a transaction; the outcome is that of one after the other."""
    changes = [put(b"1", a=0), put(b"2", a=0), put(b"2", a=1), Change(SHARD, {b"a": 2}, delete=[b"a"])]
    outcomes = await asyncio.gather(*map(store.commit, changes), return_exceptions=True)
    assert [outcome if isinstance(outcome, int) else type(outcome) for outcome in outcomes] == [
        1,
        Conflict,
        2,
        3,
    ]
    assert await store.get([A]) == [None]


async def test_a_change_that_cannot_be_stored_fails_alone(store: Store) -> None:
    """Whatever shares its transaction is committed all the same."""
    wrong = [
        Change(SHARD, put=[Put(b"w", "text")]),  # type: ignore[arg-type]
        Change(SHARD, put=[Put(b"w", b"1"), Put(b"v", b"1", 2**70)]),
        Change(SHARD, put=[Put(b"w", b"1")], append=[Append("log", None)]),  # type: ignore[arg-type]
        Change(SHARD, {b"w": 0}, add=[Member(b"due", b"w", "soon")]),  # type: ignore[arg-type]
    ]
    changes = [put(b"1", b"a"), *wrong, put(b"2", b"b")]
    outcomes = await asyncio.gather(*map(store.commit, changes), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes[1:-1]] == [StoreError] * len(wrong)
    assert [outcomes[0], outcomes[-1]] == [1, 2]
    assert await store.get([A, B, Key(SHARD, b"w"), Key(SHARD, b"v")]) == [
        Document(b"1", 1),
        Document(b"2", 2),
        None,
        None,
    ]


async def test_a_key_that_cannot_be_looked_up_fails_alone(store: Store) -> None:
    await store.commit(put(b"1"))
    asked = [[A], [Key("\udc80", b"a")], [A]]
    outcomes = await asyncio.gather(*map(store.get, asked), return_exceptions=True)
    assert [outcomes[0], type(outcomes[1]), outcomes[2]] == [
        [Document(b"1", 1)],
        StoreError,
        [Document(b"1", 1)],
    ]


async def test_what_one_opening_commits_another_reads(store: Store, other: Store) -> None:
    await store.commit(put(b"1"))
    assert await other.get([A]) == [Document(b"1", 1)]
    assert await other.commit(put(b"2", a=1)) == 2
    assert await store.get([A]) == [Document(b"2", 2)]


async def test_what_was_committed_is_there_after_opening_again(engine: Harness) -> None:
    first = await engine.open()
    await first.commit(Change(SHARD, put=[Put(b"a", b"1")], append=[Append("log", b"e")]))
    await first.close()
    second = await engine.open()
    assert await second.get([A]) == [Document(b"1", 1)]
    assert await second.commit(put(b"2")) == 2
    assert len((await second.read("log", [SHARD], "", 10)).entries) == 1
    await second.close()


async def test_what_is_queued_when_the_store_closes_is_committed_first(engine: Harness) -> None:
    first = await engine.open()
    commits = [asyncio.ensure_future(first.commit(put(b"%d" % number))) for number in range(300)]
    await asyncio.sleep(0)
    await first.close()
    assert await asyncio.gather(*commits) == list(range(1, 301))


async def test_closing_a_store_twice_is_no_error(engine: Harness) -> None:
    opened = await engine.open()
    await opened.close()
    await opened.close()
