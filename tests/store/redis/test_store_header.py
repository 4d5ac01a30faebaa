"""The store's header: shards, layout, and what a restored older state has forgotten."""

from __future__ import annotations

import json

import pytest

from consent_service.errors import CursorExpired, StoreCorrupt, StoreMismatch, StoreNewer
from consent_service.store.contract import Append, Change, Key, Put
from consent_service.store.redis import RedisStore, key_layout, store_header
from tests.support.clock import START
from tests.support.redis.fleets import Fleet

A = Key("acme.07", b"a")


def put(value: bytes, shard: str = A.shard) -> Change:
    return Change(shard, put=[Put(b"a", value)], append=[Append("log", value)])


async def restored(fleet: Fleet, now: int = START) -> None:
    """Do, with the service stopped, what an operator does after an older state was put back."""
    store = RedisStore.open(fleet.url)
    await store_header.begin_anew(store._router(), "the store", now)
    await store.close()


async def test_the_number_of_shards_is_fixed_when_the_store_is_made(standalone: Fleet) -> None:
    first = RedisStore.open(standalone.url, shards=8)
    again = RedisStore.open(standalone.url)
    assert (first.shards, again.shards, again.header) == (8, 8, first.header)
    for store in (first, again):
        await store.close()
    with pytest.raises(StoreMismatch, match="has 8 shards, not 16"):
        RedisStore.open(standalone.url, shards=16)


def test_a_header_of_a_newer_service_or_of_nobody_is_refused(standalone: Fleet) -> None:
    known = {"id": "x", "shards": 64, "created_at": 1}
    name = key_layout.HEADER.decode()
    standalone.servers[0].ask("SET", name, json.dumps({**known, "version": 99}))
    with pytest.raises(StoreNewer, match="layout 99"):
        RedisStore.open(standalone.url)
    standalone.servers[0].ask("SET", name, "something else")
    with pytest.raises(StoreCorrupt, match="header"):
        RedisStore.open(standalone.url)


@pytest.mark.parametrize("fleet", ["standalone", "cluster"])
async def test_rule_2_what_a_restored_state_has_forgotten_is_known_as_lost(
    request: pytest.FixtureRequest, fleet: str
) -> None:
    servers: Fleet = request.getfixturevalue(fleet)
    store = RedisStore.open(servers.url)
    assert [await store.commit(put(b"%d" % number)) for number in range(2)] == [1, 2]
    cursor = (await store.read("log", [A.shard], "", 9)).cursor
    assert not store.is_lost(A.shard, 99)
    await store.close()
    await restored(servers)
    store = RedisStore.open(servers.url)
    assert [store.is_lost(A.shard, version) for version in (0, 1, 2, 3, 99)] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert [store.is_lost("acme.08", version) for version in (0, 1)] == [False, True], (
        "it may have been there"
    )
    version = await store.commit(put(b"2"))
    assert version > START << 20
    assert not store.is_lost(A.shard, version)
    new = await store.commit(put(b"1", "acme.08"))
    assert new > START << 20
    assert not store.is_lost("acme.08", new)
    (found,) = await store.get([A])
    assert found is not None
    assert (found.value, found.version) == (b"2", version)
    assert [entry.payload for entry in (await store.read("log", [A.shard], cursor, 9)).entries] == [b"2"]
    await store.close()


async def test_a_second_restoration_forgets_what_came_behind_the_first(standalone: Fleet) -> None:
    await restored(standalone, START)
    store = RedisStore.open(standalone.url)
    kept = await store.commit(put(b"1"))
    cursor = (await store.read("log", [A.shard], "", 9)).cursor
    await store.close()
    await restored(standalone, START + 60)
    store = RedisStore.open(standalone.url)
    assert (store.is_lost(A.shard, kept), store.is_lost(A.shard, kept + 1)) == (False, True)
    version = await store.commit(put(b"2"))
    await restored(standalone, START)  # a clock that went back takes no value twice
    await store.close()
    store = RedisStore.open(standalone.url)
    assert await store.commit(put(b"3")) > version
    assert len((await store.read("log", [A.shard], cursor, 9)).entries) == 2
    await store.close()


async def test_a_cursor_into_what_was_lost_has_expired(standalone: Fleet) -> None:
    store = RedisStore.open(standalone.url)
    for number in range(3):
        await store.commit(put(b"%d" % number))
    cursor = (await store.read("log", [A.shard], "", 9)).cursor
    await store.close()
    # An older state.
    standalone.servers[0].ask("HSET", key_layout.shard_keys(A.shard).head_key.decode(), "n", 1)
    await restored(standalone)
    store = RedisStore.open(standalone.url)
    with pytest.raises(CursorExpired):
        await store.read("log", [A.shard], cursor, 9)
    await store.close()
