"""Invalidation of the cache over Redis, when streams end, connections break and the data itself is replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from consent_service.errors import StoreUnavailable
from consent_service.store.contract import Change, Changes, Key, Put, Store
from consent_service.store.redis import RedisStore, invalidation
from tests.support.redis.fleets import Fleet

A = Key("acme.07", b"a")
SHARDS = [f"acme.{number:02d}" for number in range(20)]


@pytest.fixture
async def store(standalone: Fleet) -> AsyncIterator[RedisStore]:
    opened = RedisStore.open(standalone.url)
    yield opened
    await opened.close()


async def write(store: Store, key: Key = A) -> None:
    await store.commit(Change(key.shard, put=[Put(key.name, b"x")]))


async def marked(store: Store) -> int:
    """A mark that nothing has come behind."""
    (mark, _), (again, keys) = await store.changed_since(None), await store.changed_since(None)
    assert (again, keys) == (mark, ())
    return mark


async def test_behind_a_broken_connection_everything_may_have_changed(
    standalone: Fleet, store: RedisStore
) -> None:
    await write(store)
    mark = await marked(store)
    standalone.servers[0].ask("CLIENT", "KILL", "TYPE", "normal")
    await store.get([A])
    mark, keys = await store.changed_since(mark)
    assert keys is None
    await write(store)
    assert (await store.changed_since(mark)).keys == [A], "and then it goes on"


async def test_when_the_data_was_replaced_everything_may_have_changed(
    standalone: Fleet, store: RedisStore
) -> None:
    for shard in SHARDS[:3]:
        await write(store, Key(shard, b"a"))
    mark = await marked(store)
    standalone.servers[0].ask("FLUSHALL")
    mark, keys = await store.changed_since(mark)
    assert keys is None
    await write(store, Key(SHARDS[2], b"b"))
    assert (await store.changed_since(mark)).keys == [Key(SHARDS[2], b"b")], "the shard is registered anew"


async def test_a_server_that_does_not_say_it_is_a_master_vouches_for_nothing(watched: Fleet) -> None:
    store = RedisStore.open(watched.url)
    await write(store)
    mark = await marked(store)
    (master,) = watched.masters()
    master.ask("ACL", "SETUSER", "default", "-role")
    try:
        with pytest.raises(StoreUnavailable):
            await store.changed_since(mark)
    finally:
        master.ask("ACL", "SETUSER", "default", "+role")
    assert (await store.changed_since(mark)).keys is not None
    await store.close()


async def test_more_shards_than_are_asked_at_once_are_all_heard(
    cluster: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invalidation, "_TOGETHER", 3)
    store, other = RedisStore.open(cluster.url), RedisStore.open(cluster.url)
    mark = await marked(store)
    for shard in SHARDS:
        await write(other, Key(shard, b"a"))
    later, keys = await store.changed_since(mark)
    assert keys is not None
    assert sorted(keys) == [Key(shard, b"a") for shard in SHARDS]
    assert await other.changed_since(later) == Changes(later, ()), "a mark means the same to every opening"
    for opened in (store, other):
        await opened.close()


@pytest.mark.parametrize("number", [-1, 0, 1, 2**64, 2**80 + 5])
async def test_a_number_that_is_no_mark_means_everything(store: RedisStore, number: int) -> None:
    await write(store)
    assert (await store.changed_since(number)).keys is None
