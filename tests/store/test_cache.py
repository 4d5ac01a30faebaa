"""The coherent cache over a real store: what may be answered from memory, and when nothing may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from consent_service.errors import StoreUnavailable
from consent_service.store.cache import LEASE, MISSING, CoherentCache
from consent_service.store.contract import Change, Document, Key, Put, Store
from tests.store.harness import Harness
from tests.support.clock import START
from tests.support.waiting import DEADLINE

SHARD = "acme.07"
A, B, C = (Key(SHARD, name) for name in (b"a", b"b", b"c"))


class Timer:
    """Monotonic seconds that only tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def decoded(document: Document) -> str:
    return document.value.decode()


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
async def cache(store: Store, timer: Timer) -> AsyncIterator[CoherentCache[str]]:
    """A cache of two entries that asks what changed only when a test says so."""
    made = CoherentCache(store, decoded, entries=2, poll=3600, timer=timer)
    await made.start()
    yield made
    await made.close()


async def write(store: Store, key: Key, value: str, expires_at: int | None = None) -> None:
    await store.commit(Change(key.shard, put=[Put(key.name, value.encode(), expires_at)]))


async def test_what_was_fetched_is_there_at_once_and_absence_too(
    store: Store, cache: CoherentCache[str]
) -> None:
    await write(store, A, "1")
    await cache.poll_changes()
    assert cache.peek(A) is MISSING
    assert (await cache.fetch(A), await cache.fetch(B)) == ("1", None)
    assert (cache.peek(A), cache.peek(B)) == ("1", None)
    assert (cache.size, cache.hits, cache.misses) == (2, 2, 1)


async def test_what_was_dropped_is_asked_for_again(store: Store, cache: CoherentCache[str]) -> None:
    await cache.fetch(A)
    await write(store, A, "2")
    cache.invalidate([A])
    assert cache.peek(A) is MISSING
    assert await cache.fetch(A) == "2"
    cache.invalidate(None)
    assert cache.peek(A) is MISSING
    assert cache.size == 0


async def test_another_openings_commit_is_seen_with_the_next_question(
    store: Store, other: Store, cache: CoherentCache[str]
) -> None:
    await cache.fetch(A)
    await cache.fetch(B)
    await write(other, A, "theirs")
    await cache.poll_changes()
    assert cache.peek(A) is MISSING
    assert cache.peek(B) is None, "what did not change stays"
    assert await cache.fetch(A) == "theirs"


async def test_another_openings_commit_is_seen_within_a_second(store: Store, other: Store) -> None:
    cache = CoherentCache(store, decoded)
    await cache.start()
    await cache.fetch(A)
    await write(other, A, "theirs")
    async with asyncio.timeout(DEADLINE):
        while (seen := cache.peek(A)) is None:
            await asyncio.sleep(0)
    assert seen is MISSING
    await cache.close()


@pytest.mark.parametrize("everything", [False, True])
async def test_a_fill_that_began_before_an_invalidation_is_not_kept(
    store: Store, cache: CoherentCache[str], everything: bool
) -> None:
    fill = asyncio.ensure_future(cache.fetch(A))
    await asyncio.sleep(0)
    cache.invalidate(None if everything else [A])
    again = asyncio.ensure_future(cache.fetch(B))
    assert (await fill, await again) == (None, None)
    assert cache.peek(A) is MISSING
    assert cache.peek(B) is None


async def test_a_fill_that_began_after_the_invalidation_is_kept_whoever_else_waits(
    store: Store, cache: CoherentCache[str]
) -> None:
    before = asyncio.ensure_future(cache.fetch(A))
    await asyncio.sleep(0)
    cache.invalidate([A])
    after = asyncio.ensure_future(cache.fetch(A))
    await asyncio.gather(before, after)
    assert cache.peek(A) is None


async def test_a_fill_from_before_the_first_question_is_not_kept(store: Store, timer: Timer) -> None:
    """A change between the read and the first mark would never be told."""
    cache = CoherentCache(store, decoded, poll=3600, timer=timer)
    fill = asyncio.ensure_future(cache.fetch(A))
    await asyncio.sleep(0)
    await cache.start()
    await fill
    assert cache.peek(A) is MISSING
    await cache.close()


async def test_a_full_cache_drops_the_least_recently_used_record(cache: CoherentCache[str]) -> None:
    await cache.fetch(A)
    await cache.fetch(B)
    cache.peek(A)
    await cache.fetch(C)
    assert cache.size == 2
    assert [cache.peek(key) is MISSING for key in (A, B, C)] == [False, True, False]


async def test_what_expires_is_never_answered_from_memory(store: Store, cache: CoherentCache[str]) -> None:
    await write(store, A, "mortal", START + 10)
    await cache.poll_changes()
    assert await cache.fetch(A) == "mortal"
    assert cache.peek(A) is MISSING


async def test_before_the_start_and_after_the_end_nothing_is_vouched_for(store: Store) -> None:
    cache = CoherentCache(store, decoded, poll=3600)
    await cache.fetch(A)
    assert (cache.peek(A), cache.is_vouched) == (MISSING, False)
    await cache.start()
    await cache.fetch(A)
    assert (cache.peek(A), cache.is_vouched) == (None, True)
    await cache.close()
    assert (cache.peek(A), cache.is_vouched) == (MISSING, False)


async def test_the_trust_ends_with_the_lease_and_comes_back_with_an_answer(
    store: Store, other: Store, cache: CoherentCache[str], timer: Timer
) -> None:
    await cache.fetch(A)
    await cache.fetch(B)
    timer.now += LEASE - 0.01
    assert (cache.peek(A), cache.is_vouched) == (None, True)
    timer.now += 0.02
    assert (cache.peek(A), cache.is_vouched) == (MISSING, False)
    await write(other, A, "meanwhile")
    await cache.poll_changes()
    assert cache.peek(A) is MISSING, "it changed while nobody vouched"
    assert cache.peek(B) is None


async def test_the_lease_counts_from_when_the_question_was_asked(
    store: Store, cache: CoherentCache[str], timer: Timer
) -> None:
    question = asyncio.ensure_future(cache.poll_changes())
    await asyncio.sleep(0)
    timer.now += LEASE
    await question
    assert not cache.is_vouched


async def test_when_the_store_is_gone_reads_go_there_and_fail(
    engine: Harness, store: Store, cache: CoherentCache[str], timer: Timer
) -> None:
    await cache.fetch(A)
    engine.lose()
    await cache.poll_changes()
    assert cache.peek(A) is None, "still within the lease"
    timer.now += LEASE
    assert cache.peek(A) is MISSING
    with pytest.raises(StoreUnavailable):
        await cache.fetch(A)
    assert not cache.is_vouched


async def test_a_cache_of_size_zero_is_off(store: Store) -> None:
    cache = CoherentCache(store, decoded, entries=0)
    await cache.start()
    assert await cache.fetch(A) is None
    assert (cache.peek(A), cache.size, cache.is_vouched) == (MISSING, 0, False)
    await cache.close()


async def test_a_question_that_nobody_can_answer_in_full_drops_everything(
    store: Store, other: Store, cache: CoherentCache[str]
) -> None:
    await cache.fetch(A)
    names: Sequence[bytes] = [b"%064d" % number for number in range(1000)]
    await other.commit(Change(SHARD, put=[Put(name, b"x") for name in names]))
    await cache.poll_changes()
    assert cache.size == 0
    assert cache.is_vouched


async def test_many_tasks_never_read_what_is_older_than_their_own_commit(
    store: Store, cache: CoherentCache[str]
) -> None:
    async def one(number: int) -> None:
        key = Key(SHARD, b"%d" % (number % 3))
        for _ in range(20):
            version = await store.commit(Change(SHARD, put=[Put(key.name, b"%d" % number)]))
            cache.invalidate([key])
            found = cache.peek(key)
            if found is MISSING:
                await cache.fetch(key)
            (document,) = await store.get([key])
            assert document is not None
            assert document.version >= version
            if (seen := cache.peek(key)) is not MISSING:
                (now,) = await store.get([key])
                assert now is not None
                assert seen == document.value.decode() or now.version > document.version

    await asyncio.gather(*(one(number) for number in range(9)))
    for name in (b"0", b"1", b"2"):
        key = Key(SHARD, name)
        (document,) = await store.get([key])
        assert document is not None
        assert cache.peek(key) in (MISSING, document.value.decode())
