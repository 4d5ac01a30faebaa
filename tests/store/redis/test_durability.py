"""Durability: the settings that servers must have, and that nothing is acknowledged which they did not keep."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from consent_service.errors import StoreFull, StoreTimeout, StoreUnavailable
from consent_service.store.contract import Change, Document, Key, Put
from consent_service.store.redis import RedisStore
from tests.support.application import running
from tests.support.redis.cuttable_cluster import CuttableCluster
from tests.support.redis.fleets import Fleet, Guarded, online_replicas
from tests.support.redis.server import Server, eventually
from tests.support.waiting import DEADLINE

A = Key("acme.07", b"a")


def put(value: bytes) -> Change:
    return Change(A.shard, put=[Put(A.name, value)])


@contextmanager
def setting(server: Server, **values: str) -> Iterator[None]:
    """While inside, the server has these settings."""
    names = {name: name.replace("_", "-") for name in values}
    before = {name: server.ask("CONFIG", "GET", names[name])[names[name]] for name in values}
    for name, value in values.items():
        server.ask("CONFIG", "SET", names[name], value)
    try:
        yield
    finally:
        for name, value in before.items():
            server.ask("CONFIG", "SET", names[name], value)


@contextmanager
def stopped(servers: Sequence[Server]) -> Iterator[None]:
    """While inside, these processes do not run."""
    for server in servers:
        os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for server in servers:
            os.kill(server.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"appendfsync": "everysec"}, "before a commit is on a disk"),
        ({"appendonly": "no"}, "before a commit is on a disk"),
        ({"maxmemory": "1gb", "maxmemory_policy": "allkeys-lru"}, "drops data"),
    ],
)
async def test_rule_5_a_server_that_may_lose_what_it_acknowledged_is_refused_unless_that_is_accepted(
    standalone: Fleet, values: dict[str, str], said: str
) -> None:
    with setting(standalone.servers[0], **values):
        with pytest.raises(StoreUnavailable, match=said) as refused:
            RedisStore.open(standalone.url)
        assert 'durability = "relaxed"' in str(refused.value)
        accepted = RedisStore.open(standalone.url, relaxed=True)
        assert await accepted.commit(put(b"1")) == 1
        await accepted.close()


async def test_rule_5_a_promise_is_asked_for_again_on_every_new_connection(standalone: Fleet) -> None:
    """So that no failover leads to a server that keeps less than the one before."""
    store = RedisStore.open(standalone.url)
    await store.commit(put(b"1"))
    server = standalone.servers[0]
    with setting(server, appendfsync="everysec"):
        server.ask("CLIENT", "KILL", "TYPE", "normal")
        for _ in range(2):  # the first may only find out that it was cut
            with pytest.raises(StoreUnavailable):
                await store.commit(put(b"2"))
    await store.close()


async def test_rule_5_a_promise_that_is_broken_later_is_noticed(standalone: Fleet) -> None:
    store = RedisStore.open(standalone.url)
    await store.commit(put(b"1"))
    everysec = setting(standalone.servers[0], appendfsync="everysec")
    with everysec, pytest.raises(StoreUnavailable, match=r"durability|closed the connection"):
        await commit_until_refused(store)
    await store.close()


async def commit_until_refused(store: RedisStore) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            await store.commit(put(b"2"))
            await asyncio.sleep(0.05)


async def test_rule_5_a_commit_that_not_every_replica_confirms_is_not_acknowledged(watched: Fleet) -> None:
    store = RedisStore.open(watched.url)
    assert await store.commit(put(b"1")) == 1
    (master,) = watched.masters()
    replicas = [server for server in watched.servers if server is not master]
    with stopped(replicas[:1]):
        with pytest.raises(StoreTimeout, match="send it again"):
            await store.commit(put(b"2"))
        assert await store.get([A]) == [Document(b"2", 2)], "it was done, and is on one replica"
        # What is sent again writes first, so that the wait is for something.
        with pytest.raises(StoreTimeout):
            await store.commit(Change(A.shard))
    assert await store.commit(Change(A.shard, {A.name: 2})) == 4
    await store.close()


async def test_rule_5_a_choice_sent_again_is_acknowledged_only_once_every_replica_has_it(
    watched: Fleet, tmp_path: Path
) -> None:
    """Its mark can be read before it is durable: the retry writes behind it and waits for both."""
    (master,) = watched.masters()
    replicas = [server for server in watched.servers if server is not master]
    choice = {"id": str(uuid.uuid4()), "sale_share": "opt_out"}
    async with running(tmp_path, store=watched.url) as service:
        with stopped(replicas[:1]):
            assert [(await service.choose(**choice)).status_code for _ in range(2)] == [503, 503]
        answer = await service.choose(**choice)
        assert answer.status_code == 201
        recorded = answer.json()["receipt"]["id"].partition(".")[0]
        assert [entry.id for entry in await service.entries()] == [recorded]


async def test_a_master_without_enough_replicas_takes_no_commit(cluster: Fleet) -> None:
    store = RedisStore.open(cluster.url)
    await store.commit(put(b"1"))
    masters = cluster.masters()
    replicas = [server for server in cluster.servers if server not in masters]
    for replica in replicas:
        replica.kill()
    try:
        eventually(lambda: not any(map(online_replicas, masters)))
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await store.commit(put(b"2"))
        assert await store.get([A]) == [Document(b"1", 1)]
    finally:
        for replica in replicas:
            replica.start()
        cluster.masters()
    assert await store.commit(put(b"2")) == 2
    await store.close()


async def test_rule_5_a_disk_is_not_enough_where_a_sentinel_may_put_a_replica_in_its_place(
    watched: Fleet,
) -> None:
    (master,) = watched.masters()
    replicas = [server for server in watched.servers if server is not master]
    with setting(master, appendonly="yes", appendfsync="always", min_replicas_to_write="0"):
        store = RedisStore.open(watched.url)
        await store.commit(put(b"1"))
        with stopped(replicas), pytest.raises(StoreTimeout, match="replica"):
            await store.commit(put(b"2"))
        await store.close()


async def test_rule_5_a_disk_is_not_enough_where_a_replica_may_be_elected(
    cuttable_cluster: CuttableCluster,
) -> None:
    """A long node time-out: the choice is asked of the master that is cut off, and none is elected meanwhile."""
    durable = {"appendfsync": "always", "min_replicas_to_write": "0", "cluster_node_timeout": "60000"}
    with ExitStack() as stack:
        for server in cuttable_cluster.servers:
            stack.enter_context(setting(server, **durable))
        store = RedisStore.open(cuttable_cluster.url)
        await store.commit(put(b"1"))
        lonely = next(one for one in cuttable_cluster.masters() if one.ask("KEYS", "*acme.07*"))
        cuttable_cluster.cut_off(lonely, clients=False)
        try:
            with pytest.raises(StoreTimeout, match="replica"):
                await store.commit(put(b"2"))
        finally:
            cuttable_cluster.join()
            cuttable_cluster.masters()
        await store.close()


async def test_in_a_cluster_the_service_needs_no_dangerous_right_but_those_named(cluster: Fleet) -> None:
    for server in cluster.servers:
        server.ask("ACL", "SETUSER", "consent", "on", ">secret", "~{*", "&*", *Guarded.RIGHTS.split())
    store = RedisStore.open(cluster.url.replace("://", "://consent:secret@"))
    assert await store.commit(put(b"1")) == 1
    await store.close()


async def test_a_server_whose_memory_is_full_takes_no_commit_and_still_answers(standalone: Fleet) -> None:
    store = RedisStore.open(standalone.url)
    await store.commit(put(b"1"))
    with setting(standalone.servers[0], maxmemory="1"):
        with pytest.raises(StoreFull, match="maxmemory"):
            await store.commit(put(b"2"))
        assert await store.get([A]) == [Document(b"1", 1)]
    assert await store.commit(put(b"2")) == 2
    await store.close()


def test_a_refused_certificate_or_password_is_reported_as_such(guarded: Guarded) -> None:
    for url, said in [
        (f"rediss://{guarded.address}", "certificate is not trusted"),
        (f"redis://{guarded.address}", "can't be reached"),
        (
            f"rediss://{guarded.address}?ca_file={guarded.certificate}",
            "CONSENT_STORE_PASSWORD",
        ),
        (f"rediss://consent:wrong@{guarded.address}?ca_file={guarded.certificate}", "refuses this user"),
    ]:
        with pytest.raises(StoreUnavailable, match=said):
            RedisStore.open(url)


def test_a_password_for_a_server_that_has_none_is_reported_as_such(standalone: Fleet) -> None:
    with pytest.raises(StoreUnavailable, match=r"has no passwords|refuses this user"):
        RedisStore.open(standalone.url.replace("://", "://:secret@"))
