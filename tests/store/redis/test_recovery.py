"""Recovery from faults between the service and its servers, without a hand on it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import pytest

from consent_service.errors import (
    Conflict,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreTimeout,
    StoreUnavailable,
)
from consent_service.store.contract import Append, Change, Document, Key, Member, Put
from consent_service.store.redis import RedisStore, router
from consent_service.store.redis.key_layout import shard_keys
from tests.support.redis.cuttable_cluster import CuttableCluster
from tests.support.redis.fleets import MASTER, Cluster, Fleet, Watched
from tests.support.redis.server import HOST, Server
from tests.support.waiting import DEADLINE

T = TypeVar("T")

A = Key("acme.07", b"a")
B = Key("acme.08", b"b")


@pytest.fixture
async def store(standalone: Fleet) -> AsyncIterator[RedisStore]:
    opened = RedisStore.open(standalone.url)
    yield opened
    await opened.close()


def put(value: bytes, key: Key = A) -> Change:
    return Change(key.shard, put=[Put(key.name, value)])


async def until_done(call: Callable[[], Awaitable[T]]) -> T:
    """Return the call's answer, as soon as the store can give one."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                return await call()
            except StoreError as error:
                if error.permanent:
                    raise
                await asyncio.sleep(0.05)


async def until_written(store: RedisStore, key: Key, expected: int, value: bytes, *logs: str) -> int:
    """Replace version `expected` of a document, and return its new version, as soon as the store can.

    An attempt without an answer may have been done; the next one is then a Conflict, and the document has the value.
    """
    change = Change(
        key.shard, {key.name: expected}, [Put(key.name, value)], append=[Append(log, b"x") for log in logs]
    )

    async def written() -> int:
        with suppress(Conflict):
            return await store.commit(change)
        (document,) = await store.get([key])
        assert document is not None
        assert document.value == value, "somebody else wrote it"
        return document.version

    return await until_done(written)


async def test_scripts_that_a_server_forgot_are_given_again_and_nothing_is_done_twice(
    standalone: Fleet, store: RedisStore
) -> None:
    assert await store.commit(put(b"1")) == 1
    standalone.servers[0].ask("SCRIPT", "FLUSH")
    values = await asyncio.gather(*(store.commit(put(b"%d" % number)) for number in range(2, 6)))
    assert values == [2, 3, 4, 5]
    standalone.servers[0].ask("SCRIPT", "FLUSH")
    assert (await store.read("log", [A.shard], "", 10)).entries == []
    assert await store.get([A]) == [Document(b"5", 5)]


async def test_a_look_up_whose_connection_is_cut_is_asked_again(standalone: Fleet, store: RedisStore) -> None:
    await store.commit(put(b"1"))
    for _ in range(5):
        asked = asyncio.gather(*(store.get([A]) for _ in range(20)))
        await asyncio.sleep(0)
        standalone.servers[0].ask("CLIENT", "KILL", "TYPE", "normal")
        assert await asked == [[Document(b"1", 1)]] * 20


async def test_a_server_that_comes_back_is_used_again(standalone: Fleet, store: RedisStore) -> None:
    await store.commit(put(b"1"))
    standalone.servers[0].kill()
    with pytest.raises(StoreUnavailable):
        await store.commit(put(b"2"))
    for _ in range(50):  # refused at once, however many ask
        with pytest.raises(StoreUnavailable):
            await store.get([A])
    standalone.servers[0].start()
    assert await until_written(store, A, 1, b"3") == 2, "what was acknowledged outlived the crash"
    found = await until_done(lambda: store.get([A]))  # over another line, which may still pause
    assert found == [Document(b"3", 2)]


async def test_a_server_that_hangs_is_given_up(standalone: Fleet, store: RedisStore) -> None:
    await store.commit(put(b"1"))
    await store.get([A])
    os.kill(standalone.servers[0].pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(DEADLINE):
            with pytest.raises((StoreTimeout, StoreUnavailable)):
                await store.get([A])
            with pytest.raises((StoreTimeout, StoreUnavailable)):
                await store.commit(put(b"2"))
    finally:
        os.kill(standalone.servers[0].pid, signal.SIGCONT)
    await until_done(lambda: store.commit(put(b"3")))
    assert (await store.get([A]))[0] is not None


async def test_what_is_too_much_to_queue_is_refused_at_once(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "QUEUE_LIMIT", 10)
    outcomes = await asyncio.gather(*(store.commit(put(b"1")) for _ in range(15)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int] * 10 + [StoreBusy] * 5
    assert await store.commit(put(b"2")) == 11


@pytest.mark.parametrize("kind", ["head", "log", "index", "changes"])
async def test_a_key_that_is_something_else_is_found_before_anything_is_written(
    standalone: Fleet, store: RedisStore, kind: str
) -> None:
    await store.commit(put(b"1"))
    where = shard_keys(A.shard)
    keys = {
        "head": where.head_key,
        "log": where.log_key("log"),
        "index": where.index_key(b"due"),
        "changes": where.changes_key,
    }
    server = standalone.servers[0]
    server.ask("DEL", keys[kind].decode())
    server.ask("SET", keys[kind].decode(), "foreign")
    change = Change(
        A.shard, put=[Put(b"a", b"2")], append=[Append("log", b"e")], add=[Member(b"due", b"m", 1)]
    )
    with pytest.raises(StoreCorrupt):
        await store.commit(change)
    assert await store.get([A]) == [Document(b"1", 1)]


async def test_a_log_that_is_ahead_of_its_shard_is_found_before_anything_is_written(
    standalone: Fleet, store: RedisStore
) -> None:
    change = Change(A.shard, put=[Put(b"a", b"1")], append=[Append("log", b"e")])
    assert [await store.commit(change) for _ in range(3)] == [1, 2, 3]
    standalone.servers[0].ask("HSET", shard_keys(A.shard).head_key.decode(), "n", 1)
    with pytest.raises(StoreCorrupt, match="lost part of a shard"):
        await store.commit(change)
    assert await store.get([A]) == [Document(b"1", 3)]


async def test_a_document_that_somebody_else_wrote_is_no_document(
    standalone: Fleet, store: RedisStore
) -> None:
    standalone.servers[0].ask("SET", shard_keys(A.shard).document_key(A.name).decode(), "\x0f")
    with pytest.raises(StoreCorrupt):
        await store.get([A])


async def test_behind_a_sentinels_switch_everything_goes_on_with_what_was_acknowledged(
    watched: Watched,
) -> None:
    store = RedisStore.open(watched.url)
    (old,) = watched.masters()
    value = await store.commit(put(b"1"))
    await store.changed_since(None)
    mark, _ = await store.changed_since(None)
    old.kill()
    try:
        value = await until_written(store, A, value, b"2")
        assert await store.get([A]) == [Document(b"2", value)]
        assert (await store.changed_since(mark)).keys is None, (
            "another server tells: nothing before it is vouched for"
        )
    finally:
        old.start()
        _, port = watched.sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
        old.ask("REPLICAOF", HOST, int(port))  # the Sentinel would see to it too, in a while
        (new,) = watched.masters()
    assert new is not old
    await store.close()


async def test_behind_a_clusters_failover_everything_goes_on_with_what_was_acknowledged(
    cluster: Cluster,
) -> None:
    store = RedisStore.open(cluster.url)
    keys = [Key(f"acme.{number:02d}", b"a") for number in range(16)]
    for key in keys:
        await store.commit(put(b"1", key))
    victim = cluster.masters()[0]
    victim.kill()
    try:
        # Its replica takes over, but has none itself, so it may not acknowledge; every choice can be read.
        assert await until_done(lambda: store.get(keys)) == [Document(b"1", 1)] * 16
    finally:
        victim.start()
        cluster.masters()
    for key in keys:
        await until_written(store, key, 1, b"2")
    assert await store.get(keys) == [Document(b"2", 2)] * 16
    await store.close()


async def test_a_master_that_its_peers_have_replaced_is_left_though_it_still_answers(
    cuttable_cluster: CuttableCluster,
) -> None:
    """It says that the cluster is down, and names itself to whoever asks for the masters."""
    store = RedisStore.open(cuttable_cluster.url)
    keys = [Key(f"acme.{number:02d}", b"a") for number in range(16)]
    for key in keys:
        await store.commit(put(b"1", key))
    lonely = cuttable_cluster.masters()[0]
    cuttable_cluster.cut_off(lonely, clients=False)
    try:
        for key in keys:
            await until_done(lambda key=key: store.commit(put(b"2", key)))  # type: ignore[misc]
        assert {document and document.value for document in await store.get(keys)} == {b"2"}
    finally:
        cuttable_cluster.join()
    assert lonely not in cuttable_cluster.masters()
    assert {document and document.value for document in await store.get(keys)} == {b"2"}
    await store.close()


async def test_while_a_shard_moves_to_another_node_every_commit_is_done_once(cluster: Cluster) -> None:
    store = RedisStore.open(cluster.url)
    await store.commit(put(b"0"))
    slot = shard_keys(A.shard).slot
    source, target = _sides(cluster, slot)
    target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.ask("CLUSTER", "MYID"))
    source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.ask("CLUSTER", "MYID"))
    counting = asyncio.create_task(_count_to(store, 30))
    while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 1):
        await asyncio.to_thread(source.ask, "MIGRATE", HOST, target.port, keys[0], 0, 1000)
    for node in (target, source):
        node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.ask("CLUSTER", "MYID"))
    await counting
    assert await store.get([A]) == [Document(b"30", 31)]
    assert len((await store.read("counted", [A.shard], "", 99)).entries) == 30
    await store.close()


async def _count_to(store: RedisStore, goal: int) -> None:
    for number in range(goal):
        await until_written(store, A, number + 1, b"%d" % (number + 1), "counted")


def _sides(cluster: Cluster, slot: int) -> tuple[Server, Server]:
    """The master that serves the slot, and another."""
    masters = cluster.masters()
    serving = next(master for master in masters if _serves(master, slot))
    return serving, next(master for master in masters if master is not serving)


def _serves(master: Server, slot: int) -> bool:
    mine = master.ask("CLUSTER", "MYID")
    return any(
        first <= slot <= last and who[2] == mine for first, last, who, *_ in master.ask("CLUSTER", "SLOTS")
    )
