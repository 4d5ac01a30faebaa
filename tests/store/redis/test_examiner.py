"""ShardCheck Redis servers, real ones with right and wrong settings, and what the doctor makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from consent_service.doctor.diagnosis import Diagnosis, Grade
from consent_service.doctor.redis_checks import judge_servers
from consent_service.store.mounts import mount_of
from consent_service.store.redis import RedisStore, endpoints
from consent_service.store.redis.address import parse_url
from consent_service.store.redis.examiner import RedisExaminer
from consent_service.store.status import FleetFacts
from consent_service.store.transfer.records import ShardHead, StoreInfo
from tests.store.redis.test_durability import setting
from tests.support.redis.fleets import Fleet, online_replicas
from tests.support.redis.server import HOST, eventually

Clock = Callable[[], float]


async def facts_of(fleet: Fleet, clock: Clock = time.time) -> FleetFacts:
    return await RedisExaminer(fleet.url, clock).read_facts()


async def found(fleet: Fleet, *, relaxed: bool = False, clock: Clock = time.time) -> list[Diagnosis]:
    return list(judge_servers(await facts_of(fleet, clock), int(clock()), relaxed=relaxed))


def about(findings: list[Diagnosis], matter: str, grade: Grade) -> list[str]:
    return [finding.sentence for finding in findings if finding.about == matter and finding.grade is grade]


@pytest.mark.parametrize("name", ["standalone", "guarded", "watched", "cluster"])
async def test_servers_as_they_should_be_have_no_fault(name: str, request: pytest.FixtureRequest) -> None:
    fleet: Fleet = request.getfixturevalue(name)
    await RedisStore.open(fleet.url).close()
    findings = await found(fleet)
    assert [finding for finding in findings if finding.grade is Grade.FAULT] == []
    assert len(about(findings, "durability", Grade.OK)) == len(fleet.masters())
    assert len(about(findings, "engine", Grade.OK)) == len(fleet.servers)
    assert len(about(findings, "clock", Grade.OK)) == len(fleet.servers)


async def test_what_a_server_of_this_machine_writes_into_memory_is_a_hint(standalone: Fleet) -> None:
    folder = Path(standalone.servers[0].ask("CONFIG", "GET", "dir")["dir"])
    mount = mount_of(folder)
    (server,) = (await facts_of(standalone)).servers
    assert server.mount == mount
    assert mount is not None
    assert len(about(await found(standalone), "disk", Grade.HINT)) == mount.forgets


async def test_examining_writes_nothing(standalone: Fleet) -> None:
    server = standalone.servers[0]
    before = server.info("persistence")["aof_current_size"], server.ask("DBSIZE")
    await found(standalone)
    assert (server.info("persistence")["aof_current_size"], server.ask("DBSIZE")) == before


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"appendonly": "no"}, "before a commit is on a disk"),
        ({"appendfsync": "everysec"}, "before a commit is on a disk"),
        ({"maxmemory": "1gb", "maxmemory_policy": "allkeys-lru"}, "drops data"),
    ],
)
async def test_rule_5_settings_that_could_lose_a_choice_are_a_fault_unless_the_loss_was_accepted(
    standalone: Fleet, values: dict[str, str], said: str
) -> None:
    with setting(standalone.servers[0], **values):
        (fault,) = about(await found(standalone), "durability", Grade.FAULT)
        assert said in fault
        (hint,) = about(await found(standalone, relaxed=True), "durability", Grade.HINT)
        assert "accepts" in hint


async def test_rule_5_every_master_of_a_cluster_is_looked_at(cluster: Fleet) -> None:
    with setting(cluster.masters()[1], min_replicas_to_write="0"):
        (fault,) = about(await found(cluster), "durability", Grade.FAULT)
    assert str(cluster.masters()[1].port) in fault


async def test_a_replica_that_would_make_a_worse_master_is_named(watched: Fleet) -> None:
    (master,) = watched.masters()
    replica = next(server for server in watched.servers if server is not master)
    with setting(replica, min_replicas_to_write="0"):
        (hint,) = about(await found(watched), "durability", Grade.HINT)
    assert f"{HOST}:{replica.port}" in hint


@pytest.mark.parametrize("name", ["watched", "cluster"])
async def test_a_replica_that_is_away_is_a_fault(name: str, request: pytest.FixtureRequest) -> None:
    fleet: Fleet = request.getfixturevalue(name)
    masters = fleet.masters()
    replica = next(server for server in fleet.servers if server not in masters)
    before = sum(map(online_replicas, masters))
    replica.kill()
    try:
        eventually(lambda: sum(map(online_replicas, masters)) == before - 1)
        (fault,) = about(await found(fleet), "replicas", Grade.FAULT)
    finally:
        replica.start()
        eventually(lambda: sum(map(online_replicas, fleet.masters())) == before)
    assert "is followed by" in fault


async def test_the_examiner_reports_how_long_a_failover_takes(cluster: Fleet, watched: Fleet) -> None:
    assert all("after 2 s" in said for said in about(await found(cluster), "failover", Grade.OK))
    (hint,) = about(await found(watched), "failover", Grade.HINT)  # one Sentinel alone
    assert "after 2 s" in hint
    with setting(cluster.masters()[0], cluster_node_timeout="60000"):
        (long,) = about(await found(cluster), "failover", Grade.HINT)
    assert "after 60 s" in long


async def test_a_clock_that_is_off_is_a_fault(standalone: Fleet) -> None:
    (fault,) = about(await found(standalone, clock=lambda: time.time() + 120), "clock", Grade.FAULT)
    assert "behind this machine's" in fault


async def test_a_server_that_can_t_be_reached_keeps_no_other_from_being_looked_at(cluster: Fleet) -> None:
    lost = cluster.masters()[0]
    others = len(cluster.servers) - 1
    lost.hide()
    try:
        facts = await facts_of(cluster)
    finally:
        lost.show()
    assert [trouble for trouble in facts.troubles if f"{HOST}:{lost.port}" in trouble]
    assert 0 < len(facts.servers) <= others


async def test_half_a_copy_is_a_fault_until_the_same_command_has_finished_it(standalone: Fleet) -> None:
    async with endpoints.open_target(parse_url(standalone.url), relaxed=False) as servers:
        await servers.begin_copy(StoreInfo("one", 4, 1))
        await servers.seal_shard("acme.00", ShardHead(1, 0, ()))
        (store,) = (finding for finding in await found(standalone) if finding.about == "store")
        assert (store.grade, store.sentence.partition(" holds ")[2]) == (
            Grade.FAULT,
            "half a copy of a store; whole shards so far: 1",
        )
        assert "same `move`" in store.remedy
        await servers.complete_copy(StoreInfo("one", 4, 1), None)
    assert len(about(await found(standalone), "store", Grade.OK)) == 1


async def test_the_examiner_reports_when_a_certificate_expires(guarded: Fleet, standalone: Fleet) -> None:
    (server,) = (await facts_of(guarded)).servers
    assert server.certificate_until is not None
    assert server.certificate_until > time.time()
    assert (await facts_of(standalone)).servers[0].certificate_until is None


async def test_a_wrong_password_is_a_trouble_that_does_not_quote_it(guarded: Fleet) -> None:
    url = guarded.url.replace("p%40ss", "wrong")
    facts = await RedisExaminer(url, time.time).read_facts()
    assert "refuses this user or password: correct `store` or CONSENT_STORE_PASSWORD" in facts.troubles[0]
    assert "wrong" not in "".join(facts.troubles).replace("wrong password", "")
