"""A service whose store takes nothing: not ready with the reason, and the reason in the log once."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.configuration import consent_toml
from tests.support.ports import free_port
from tests.support.processes import fetch
from tests.support.redis.server import HOST, Server
from tests.support.service import Service, serving
from tests.support.waiting import DEADLINE, eventually


@pytest.fixture
def redis() -> Iterator[Server]:
    server = Server(free_port(), "save ''", "appendonly yes", "appendfsync always")
    yield server
    server.kill()


def chosen(port: int) -> int:
    """The status of one opt-out."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request(
            "POST",
            "/v1/acme/choices",
            b'{"sale_share": "opt_out"}',
            {"origin": "https://shop.example.com", "content-type": "application/json"},
        )
        return connection.getresponse().status
    finally:
        connection.close()


def not_ready(port: int) -> str:
    """The reason, "" while it is ready."""
    answer = fetch(port, "/readyz")
    return json.loads(answer.body)["reason"] if answer.status == 503 else ""


def reasons(service: Service) -> list[str]:
    return [line["reason"] for line in service.logged("store_error")]


def test_redis_servers_that_stop_being_durable_make_the_service_unready_before_anybody_chooses(
    tmp_path: Path, free_port: int, redis: Server
) -> None:
    toml = consent_toml(tmp_path, free_port, store=f"redis://{HOST}:{redis.port}/0")
    with serving(tmp_path, toml, free_port) as service:
        assert chosen(free_port) == 201
        redis.ask("CONFIG", "SET", "appendfsync", "everysec")
        eventually(lambda: "answers before a commit is on a disk" in not_ready(free_port))
        assert [chosen(free_port) for _ in range(30)] == [503] * 30
        redis.ask("CONFIG", "SET", "appendfsync", "always")
        eventually(lambda: fetch(free_port, "/readyz").status == 200)
        assert chosen(free_port) == 201
        logged = [reason for reason in reasons(service) if "before a commit" in reason]
        assert len(logged) == 1, logged
        assert len(reasons(service)) <= 3, "who was cut off, and the reason"


def test_a_store_file_that_is_gone_makes_the_service_unready_with_the_reason(
    tmp_path: Path, free_port: int
) -> None:
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port) as service:
        (tmp_path / "consent.db").rename(tmp_path / "elsewhere.db")
        assert "consent.db was removed" in eventually(lambda: not_ready(free_port))
        assert chosen(free_port) == 503
        assert len([reason for reason in reasons(service) if "was removed" in reason]) == 1
