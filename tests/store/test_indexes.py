"""Indexes: members in order of score and bytes, in pages, both ways."""

from __future__ import annotations

import pytest

from consent_service.store.contract import Change, Member, Store

SHARD = "acme.desk"
DUE = b"due"
MEMBERS = [
    Member(DUE, b"late", -5),
    Member(DUE, b"a", 10),
    Member(DUE, b"a\0", 10),
    Member(DUE, b"b", 10),
    Member(DUE, b"\xff", 10),
    Member(DUE, b"a2", 2**53),
]


@pytest.fixture
async def filled(store: Store) -> Store:
    """A store whose index holds MEMBERS, beside others that must not be seen."""
    await store.commit(Change(SHARD, add=[*reversed(MEMBERS), Member(b"other", b"x", 10)]))
    await store.commit(Change("acme.07", add=[Member(DUE, b"y", 10)]))
    return store


async def test_members_are_ordered_by_score_then_bytes(filled: Store) -> None:
    assert await filled.range(SHARD, DUE, -(2**53), 2**53) == MEMBERS
    assert await filled.range(SHARD, DUE, -(2**53), 2**53, reverse=True) == MEMBERS[::-1]


@pytest.mark.parametrize(("low", "high"), [(-5, 10), (10, 10), (11, 2**53), (-4, 9), (10, -5)])
async def test_both_ends_of_a_range_belong_to_it(filled: Store, low: int, high: int) -> None:
    inside = [member for member in MEMBERS if low <= member.score <= high]
    assert await filled.range(SHARD, DUE, low, high) == inside
    assert await filled.count(SHARD, DUE, low, high) == len(inside)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
async def test_pages_join_without_gap_or_double(filled: Store, limit: int, reverse: bool) -> None:
    seen: list[Member] = []
    while page := await filled.range(
        SHARD, DUE, -10, 2**53, after=seen[-1] if seen else None, limit=limit, reverse=reverse
    ):
        assert len(page) <= limit
        seen += page
    assert seen == (MEMBERS[::-1] if reverse else MEMBERS)


async def test_a_page_goes_on_behind_a_member_that_is_gone(filled: Store) -> None:
    await filled.commit(Change(SHARD, remove=[(DUE, b"a")]))
    assert await filled.range(SHARD, DUE, 10, 10, after=MEMBERS[1]) == MEMBERS[2:5]


async def test_a_member_that_is_added_again_moves(filled: Store) -> None:
    await filled.commit(Change(SHARD, add=[Member(DUE, b"b", 11)]))
    assert await filled.range(SHARD, DUE, 11, 11) == [Member(DUE, b"b", 11)]
    assert await filled.count(SHARD, DUE, -10, 2**53) == len(MEMBERS)


async def test_what_one_change_adds_and_removes_is_gone(filled: Store) -> None:
    await filled.commit(Change(SHARD, add=[Member(DUE, b"new", 1)], remove=[(DUE, b"new"), (DUE, b"never")]))
    assert await filled.count(SHARD, DUE, 1, 1) == 0


async def test_an_index_that_nobody_wrote_is_empty(store: Store) -> None:
    assert await store.range(SHARD, b"none", 0, 9) == []
    assert await store.count(SHARD, b"none", 0, 9) == 0


async def test_a_page_of_at_most_no_members_is_empty(filled: Store) -> None:
    assert await filled.range(SHARD, DUE, -10, 2**53, limit=0) == []
