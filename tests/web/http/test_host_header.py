"""A request of HTTP/1.1 names one host, or is refused: on raw sockets, on each server that the service runs on."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.application import SHOP
from tests.support.application_server import listening
from tests.support.configuration import consent_toml
from tests.support.ports import free_port
from tests.support.service import serving

OURS = "127.0.0.1"
PATHS = (
    "/v1/acme/flag",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/w/acme.js",
    "/s/acme/privacy-choices",
    "/nothing",
)
WRITES = ("/v1/acme/choices", "/v1/acme/signals", "/s/acme/privacy-choices")
NAMELESS = {
    "none": b"",
    "two": b"Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n",
    "two that differ": b"Host: 127.0.0.1\r\nX-A: b\r\nhost: evil.example\r\n",
    "three": b"Host: 127.0.0.1\r\n" * 3,
    "empty": b"Host:\r\n",
    "empty, then one": b"Host:\r\nHost: 127.0.0.1\r\n",
    "blank": b"Host:  \t\r\n",
    "a path": b"Host: 127.0.0.1/x\r\n",
    "a user": b"Host: me@127.0.0.1\r\n",
    "a list": b"Host: 127.0.0.1, evil.example\r\n",
    "a word behind it": b"Host: 127.0.0.1 x\r\n",
    "a port of letters": b"Host: 127.0.0.1:http\r\n",
    "not ASCII": b"Host: \xc3\xbc.example\r\n",
}


@pytest.fixture(scope="module", params=["granian", "uvicorn"])
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The service on this server."""
    folder: Path = tmp_path_factory.mktemp("hosts")
    if request.param == "uvicorn":
        with listening(folder) as service:
            yield service.port
    else:
        free = free_port()
        with serving(folder, consent_toml(folder, free), free):
            yield free


def sent(port: int, head: bytes, body: bytes = b"") -> tuple[int, str]:
    """Status and problem of the answer to these bytes."""
    with socket.create_connection((OURS, port), timeout=20) as connection:
        connection.sendall(head + b"\r\n" + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        found = answer.read()
    is_problem = answer.headers["content-type"] == "application/problem+json"
    return answer.status, json.loads(found)["type"] if is_problem else ""


@pytest.mark.parametrize("hosts", NAMELESS.values(), ids=NAMELESS)
@pytest.mark.parametrize("path", PATHS)
def test_a_request_that_does_not_name_one_host_is_refused(port: int, path: str, hosts: bytes) -> None:
    status, problem = sent(port, f"GET {path} HTTP/1.1\r\n".encode() + hosts)
    assert (status, problem) == (400, "urn:consent-service:problem:host-missing")


@pytest.mark.parametrize("hosts", NAMELESS.values(), ids=NAMELESS)
@pytest.mark.parametrize("path", WRITES)
def test_a_write_that_does_not_name_one_host_is_refused(port: int, path: str, hosts: bytes) -> None:
    body = b'{"sale_share": "opt_out"}'
    more = b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
    origin = b"origin: %s\r\n" % SHOP.encode()
    status, problem = sent(port, f"POST {path} HTTP/1.1\r\n".encode() + hosts + origin + more, body)
    assert (status, problem) == (400, "urn:consent-service:problem:host-missing")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9", "[::1]:8000", "[::1]", "privacy_service", "EXAMPLE.com.", "a:"]
)
def test_a_request_that_names_any_host_is_answered(port: int, host: str) -> None:
    assert sent(port, f"GET /v1/acme/flag HTTP/1.1\r\nHost: {host}\r\n".encode()) == (200, "")


@pytest.mark.parametrize("path", ["/v1/acme/flag", "/healthz"])
def test_http_1_0_needs_no_host(port: int, path: str) -> None:
    assert sent(port, f"GET {path} HTTP/1.0\r\n".encode()) == (200, "")
