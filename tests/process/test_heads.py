"""Heads of any size, to the real server: an answer in words, an answer at all, and no worker that is held up."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import suppress
from pathlib import Path

from consent_service.web.http.request_headers import MOST_HEAD
from tests.support.configuration import consent_toml
from tests.support.service import serving

ORIGIN = "https://shop.example.com"


def asked(port: int, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body of one call with these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        body = b'{"sale_share": "opt_out"}' if method == "POST" else None
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def sent(port: int, path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to a chunked body as it is written here."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: {ORIGIN}\r\ntransfer-encoding: chunked"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


def test_a_body_whose_chunks_are_malformed_is_a_problem_and_no_defect(tmp_path: Path, free_port: int) -> None:
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port):
        for path in ("/v1/acme/choices", "/v1/acme/signals"):
            for body in (b"zz\r\n", b"2\r\n{}\r\nzz\r\n", b"2\r\n{}XX"):
                status, answer = sent(free_port, path, body)
                assert (status, json.loads(answer)["type"]) == (
                    400,
                    "urn:consent-service:problem:body-cut-off",
                )


def test_a_request_head_of_any_size_is_answered(tmp_path: Path, free_port: int) -> None:
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port):
        choices, flag = "/v1/acme/choices", "/v1/acme/flag"
        large = {"origin": ORIGIN, "cookie": "a=b; " * (MOST_HEAD // 5)}
        status, body = asked(free_port, "POST", choices, large)
        assert (status, json.loads(body)["type"]) == (431, "urn:consent-service:problem:head-too-large")
        ours = {"origin": ORIGIN, "cookie": f"pc_acme=x; {'a=b; ' * (MOST_HEAD // 5)}"}
        status, body = asked(free_port, "GET", flag, ours)
        assert (status, json.loads(body)["basis"]) == (200, "unavailable")
        larger = {"origin": ORIGIN, "cookie": "a=b; " * MOST_HEAD}
        for method, path in (("POST", choices), ("GET", flag)):
            # The server closes with most of the head unread, which may cut off its answer as well.
            with suppress(ConnectionError):
                assert asked(free_port, method, path, larger)[0] == 431
        assert asked(free_port, "POST", choices, {"origin": ORIGIN})[0] == 201
