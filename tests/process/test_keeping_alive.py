"""Idle connections: kept as long as the configuration says, and no longer than the service itself."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

import pytest

from consent_service.config import parse_config
from consent_service.process.run_folder import RunFolder
from consent_service.process.web_process import make_server
from tests.support.configuration import consent_toml
from tests.support.service import serving
from tests.support.waiting import DEADLINE

BALANCERS = 60
"""Seconds for which load balancers commonly keep an idle connection."""


def answered(connection: socket.socket) -> int:
    """Status of one call on this connection, which stays open."""
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def test_an_idle_connection_is_closed_when_its_time_is_over(tmp_path: Path, free_port: int) -> None:
    text = consent_toml(tmp_path, free_port, more="keep_alive_seconds = 1")
    with (
        serving(tmp_path, text, free_port),
        socket.create_connection(("127.0.0.1", free_port), timeout=DEADLINE) as connection,
    ):
        assert [answered(connection), answered(connection)] == [200, 200]
        assert connection.recv(1) == b"", "closed by the service"


def test_a_request_head_that_never_ends_is_cut_off_after_the_same_time(
    tmp_path: Path, free_port: int
) -> None:
    text = consent_toml(tmp_path, free_port, more="keep_alive_seconds = 1")
    with (
        serving(tmp_path, text, free_port),
        socket.create_connection(("127.0.0.1", free_port), timeout=DEADLINE) as connection,
    ):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127")
        assert not connection.recv(1000).startswith(b"HTTP/1.1 2")


@pytest.mark.parametrize(("more", "seconds"), [("", 75), ("keep_alive_seconds = 305", 305)])
def test_connections_are_kept_longer_than_load_balancers_keep_theirs(
    tmp_path: Path, more: str, seconds: int
) -> None:
    settings = make_server(
        parse_config(consent_toml(tmp_path, more=more), {}), 1, RunFolder(tmp_path)
    ).http1_settings
    assert settings is not None
    assert settings.header_read_timeout == seconds * 1000 > BALANCERS * 1000


def test_an_idle_connection_does_not_delay_the_end_of_the_service(tmp_path: Path, free_port: int) -> None:
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port) as service:
        with socket.create_connection(("127.0.0.1", free_port), timeout=DEADLINE) as connection:
            assert answered(connection) == 200
            service.process.terminate()
            assert service.ended() == 0
            assert connection.recv(1) == b""
        assert service.logged("child killed") == []
