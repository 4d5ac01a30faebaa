"""Servers that refuse something: the message says what, and holds nothing that was sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from consent_service.doctor.diagnosis import Diagnosis, Grade
from consent_service.doctor.redis_checks import judge_servers
from consent_service.errors import StoreError, StoreFull, StoreUnavailable
from consent_service.store.contract import Change, Put, Store
from consent_service.store.redis import RedisStore
from consent_service.store.redis.examiner import RedisExaminer
from consent_service.store.redis.scripts import COMMANDS
from tests.store.every_method import CALLS
from tests.store.redis.test_durability import setting
from tests.support.ports import free_port
from tests.support.redis.fleets import Fleet
from tests.support.redis.server import HOST, Server

Lacking = Callable[..., str]


@pytest.fixture
def lacking() -> Iterator[Lacking]:
    """Start a server without these commands; its URL."""
    servers: list[Server] = []

    def start(*commands: str) -> str:
        renamed = [f'rename-command {command} ""' for command in commands]
        servers.append(Server(free_port(), "save ''", "appendonly yes", "appendfsync always", *renamed))
        return f"redis://{HOST}:{servers[-1].port}"

    yield start
    for server in servers:
        server.kill()


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as refused:
        RedisStore.open(url)
    return str(refused.value)


async def judged(url: str, *, relaxed: bool = False) -> list[Diagnosis]:
    facts = await RedisExaminer(url, time.time).read_facts()
    return list(judge_servers(facts, int(time.time()), relaxed=relaxed))


def test_rule_5_a_server_that_keeps_its_settings_to_itself_is_refused_with_what_to_allow(
    lacking: Lacking,
) -> None:
    said = refusal(lacking("CONFIG"))
    assert "let the service call CONFIG GET (ERR unknown command 'CONFIG')" in said
    assert 'durability = "relaxed"' in said


def test_a_user_who_may_not_ask_for_settings_is_told_the_same(standalone: Fleet) -> None:
    server = standalone.servers[0]
    server.ask("ACL", "SETUSER", "poor", "on", ">secret", "~*", "&*", "+@all", "-config")
    try:
        said = refusal(standalone.url.replace("://", "://poor:secret@"))
    finally:
        server.ask("ACL", "DELUSER", "poor")
    assert "let the service call CONFIG GET (NOPERM" in said
    assert "secret" not in said


async def test_with_the_loss_accepted_its_settings_are_not_needed_and_the_doctor_hints(
    lacking: Lacking,
) -> None:
    url = lacking("CONFIG")
    store = RedisStore.open(url, relaxed=True)
    assert await store.commit(Change("acme.07", put=[Put(b"a", b"1")])) == 1
    await store.close()
    for relaxed, grade in ((True, Grade.HINT), (False, Grade.FAULT)):
        (promise,) = [one for one in await judged(url, relaxed=relaxed) if one.about == "durability"]
        assert promise.grade is grade
        assert "CONFIG GET" in promise.sentence


@pytest.mark.parametrize("command", ["INFO", "ROLE", "SCRIPT", "EXISTS", "SET"])
def test_a_command_that_a_server_lacks_is_named(lacking: Lacking, command: str) -> None:
    said = refusal(lacking(command))
    assert f"does not know the command {command}" in said
    assert "can't be reached" not in said


async def test_the_doctor_names_every_command_that_a_server_lacks(lacking: Lacking) -> None:
    url = lacking("EVALSHA", "XADD", "WAIT")
    (fault,) = [one for one in await judged(url) if one.grade is Grade.FAULT]
    assert "does not know the commands EVALSHA, WAIT, XADD" in fault.sentence


def test_no_message_holds_the_password_that_a_server_was_sent(lacking: Lacking) -> None:
    url = lacking("AUTH")
    said = refusal(url.replace("://", "://somebody:very-secret@"))
    assert "AUTH" in said
    assert "secret" not in said
    assert "somebody" not in said


def test_every_command_that_is_sent_is_one_that_the_doctor_asks_for(standalone: Fleet) -> None:
    """As the server itself counted them, through the whole of a store's life."""
    server = standalone.servers[0]
    server.ask("CONFIG", "RESETSTAT")
    store = RedisStore.open(standalone.url)
    asyncio.run(_used(store))
    counted = {
        name.removeprefix("cmdstat_").partition("|")[0].upper() for name in server.info("commandstats")
    }
    assert counted - {"CONFIG", "PING"} <= set(COMMANDS)


async def _used(store: Store) -> None:
    for call in CALLS.values():
        await call(store)
    await store.close()


async def test_a_store_is_writable_while_a_commit_would_be_taken_and_not_before(standalone: Fleet) -> None:
    server, shards = standalone.servers[0], ["acme.07", "acme.08"]
    store = RedisStore.open(standalone.url)
    keys = server.ask("DBSIZE")
    await store.check_writable(shards)
    with setting(server, maxmemory="1"), pytest.raises(StoreFull, match="maxmemory"):
        await store.check_writable(shards)
    with (
        setting(server, min_replicas_to_write="1"),
        pytest.raises(StoreUnavailable, match="too few replicas"),
    ):
        await store.check_writable(shards)
    await store.check_writable(shards)
    assert server.ask("DBSIZE") == keys
    await store.close()


async def test_every_master_of_a_cluster_is_asked(cluster: Fleet) -> None:
    store = RedisStore.open(cluster.url)
    shards = [f"acme.{number:02d}" for number in range(64)]
    await store.check_writable(shards)
    for master in cluster.masters():
        with setting(master, maxmemory="1"), pytest.raises(StoreFull, match="maxmemory"):
            await store.check_writable(shards)
    await store.close()
