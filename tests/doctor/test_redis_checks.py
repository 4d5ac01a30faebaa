"""Findings about Redis servers, from facts that are slow to bring about; the rest is seen on real ones."""

from __future__ import annotations

import pytest

from consent_service.doctor.diagnosis import Grade
from consent_service.doctor.redis_checks import judge_servers
from consent_service.store.mounts import Mount
from consent_service.store.move_mark import MoveMark
from consent_service.store.status import DataLayout, FleetFacts, SentinelFacts, ServerFacts
from tests.support.clock import START

DAY = 86_400
MASTER = ServerFacts(
    name="10.0.0.1:6379",
    engine="Redis 7.2.4",
    supported=True,
    is_master=True,
    danger="",
    on_disk=True,
    failing=(),
    replicas=2,
    expected=2,
    memory=1 << 20,
    memory_limit=0,
    skew=0.0,
    doubt=0.001,
    fewest=1,
)
SENTINEL = SentinelFacts("10.0.0.9:26379", replicas=2, others=2, quorum=2, down_after=5.0)
FLEET = FleetFacts("redis+sentinel://h/m", (), DataLayout(1, 64), None, (MASTER,), (SENTINEL,), "Do this.")


def grades(facts: FleetFacts) -> dict[str, Grade]:
    return {finding.about: finding.grade for finding in judge_servers(facts, START, relaxed=False)}


def test_a_store_that_was_moved_away_is_a_fault() -> None:
    moved = FLEET._replace(moved=MoveMark("sqlite:////srv/consent.db", START))
    assert grades(moved)["store"] is Grade.FAULT


def test_a_sound_fleet_is_all_well() -> None:
    assert set(grades(FLEET).values()) == {Grade.OK}


@pytest.mark.parametrize(
    ("change", "about", "grade"),
    [
        ({"failing": ("aof_last_write_status",)}, "persistence", Grade.FAULT),
        ({"memory_limit": 2 << 20}, "memory", Grade.OK),
        ({"memory_limit": 1 << 20}, "memory", Grade.HINT),
        ({"skew": -3.0}, "clock", Grade.HINT),
        ({"skew": 61.0}, "clock", Grade.FAULT),
        ({"skew": 3.0, "doubt": 1.5}, "clock", Grade.OK),
        ({"supported": False}, "engine", Grade.FAULT),
        ({"replicas": 1}, "replicas", Grade.HINT),
        ({"forgets": True}, "restart", Grade.HINT),
        ({"replicas": 1, "on_disk": False}, "replicas", Grade.FAULT),
        ({"danger": "forgets"}, "durability", Grade.FAULT),
        ({"danger": "forgets", "is_master": False}, "durability", Grade.HINT),
        ({"node_timeout": 15.0}, "failover", Grade.OK),
        ({"mount": Mount("tmpfs")}, "disk", Grade.HINT),
        ({"mount": Mount("overlay")}, "disk", Grade.HINT),
        ({"certificate_until": START + 31 * DAY}, "engine", Grade.OK),
        ({"certificate_until": START + 29 * DAY}, "certificate", Grade.HINT),
    ],
)
def test_each_danger_to_a_servers_promise_is_reported(
    change: dict[str, object], about: str, grade: Grade
) -> None:
    server = MASTER._replace(**change)  # type: ignore[arg-type]  # the table's own affair
    assert grades(FLEET._replace(servers=[server]))[about] is grade


@pytest.mark.parametrize(
    ("replicas", "fewest", "found"), [(1, 1, False), (2, 1, False), (2, 0, True), (3, 1, True), (3, 2, False)]
)
def test_rule_5_a_sentinels_master_that_a_minority_is_enough_for_is_a_fault(
    replicas: int, fewest: int, *, found: bool
) -> None:
    master = MASTER._replace(on_disk=False, replicas=replicas, expected=replicas, fewest=fewest)
    fleet = FLEET._replace(servers=[master], sentinels=[SENTINEL._replace(replicas=replicas)])
    assert (grades(fleet).get("minority") is Grade.FAULT) is found


@pytest.mark.parametrize("change", [{"others": 1}, {"others": 2, "quorum": 4}, {"down_after": 30.0}])
def test_sentinels_that_would_be_slow_or_too_few_are_hinted_at(change: dict[str, float]) -> None:
    sentinel = SENTINEL._replace(**change)  # type: ignore[arg-type]  # the table's own affair
    assert grades(FLEET._replace(sentinels=[sentinel]))["failover"] is Grade.HINT


def test_a_master_of_a_cluster_without_any_replica_is_hinted_at() -> None:
    alone = MASTER._replace(replicas=0, expected=0, node_timeout=5.0)
    assert (
        grades(FleetFacts("redis+cluster://h", (), DataLayout(1, 64), servers=(alone,)))["replicas"]
        is Grade.HINT
    )


def test_rule_5_a_single_replica_that_every_choice_waits_for_is_hinted_at() -> None:
    waited = MASTER._replace(replicas=1, expected=1, on_disk=False)
    assert (
        grades(FleetFacts("redis+cluster://h", (), DataLayout(1, 64), servers=(waited,)))["replicas"]
        is Grade.HINT
    )


def test_one_server_on_its_own_needs_no_replica() -> None:
    alone = MASTER._replace(replicas=0, expected=0)
    assert "replicas" not in grades(FleetFacts("redis://h", (), DataLayout(1, 64), servers=(alone,)))


def test_servers_that_hold_no_store_yet_are_no_fault_and_troubles_are() -> None:
    assert grades(FLEET._replace(laid=None))["store"] is Grade.HINT
    assert grades(FLEET._replace(laid=None, troubles=("h is away",)))["store"] is Grade.FAULT


def test_accepted_loss_is_a_hint_where_replicas_are_not_waited_for() -> None:
    waited = MASTER._replace(on_disk=False)
    findings = list(judge_servers(FLEET._replace(servers=[waited]), START, relaxed=True))
    assert [one.grade for one in findings if one.about == "durability"] == [Grade.HINT]
