"""Seeded visitors are visitors whom the service itself would recognise, and requests are what a browser sends."""

from __future__ import annotations

import asyncio
import http.server
import re
import threading
import time
from itertools import pairwise
from pathlib import Path

from consent_service.domain.standing import unpack_record
from consent_service.domain.words import Stance
from consent_service.identity.visitor_tokens import VisitorTokens, record_id
from consent_service.store.contract import Document, Key
from consent_service.store.engines import open_store
from consent_service.store.names import DEFAULT_SHARDS, standing_key
from tests.bench import requests, visitors, wrk
from tests.bench.population import fill_store, population
from tests.bench.servers import SITE

SIZE = 300


async def _documents(url: str, keys: list[Key]) -> list[Document | None]:
    store = open_store(url)
    try:
        return await store.get(keys)
    finally:
        await store.close()


def test_every_seeded_token_names_a_record_of_an_opt_out(tmp_path: Path) -> None:
    made = population(SITE, SIZE, tmp_path)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill_store(url, SITE, made)
    tokens = made.tokens.read_text().splitlines()
    assert len(set(tokens)) == SIZE
    assert len({len(token) for token in tokens}) == 1
    signer = VisitorTokens(made.ring)
    claims = [signer.unsign(SITE, token, int(time.time())) for token in tokens]
    keys = [
        standing_key(SITE, record_id(made.ring, SITE, each.visitor_id), DEFAULT_SHARDS) for each in claims
    ]
    documents = asyncio.run(_documents(url, keys))
    for each, document in zip(claims, documents, strict=True):
        assert document is not None
        assert document.version == each.version
        assert unpack_record(document.value).standing.sale.stance is Stance.OPTED_OUT
    assert len({document.value for document in documents if document}) == SIZE


def test_a_population_is_made_once_and_then_kept(tmp_path: Path) -> None:
    first = population(SITE, SIZE, tmp_path)
    before = first.tokens.stat().st_mtime_ns
    again = population(SITE, SIZE, tmp_path)
    assert again == first
    assert again.tokens.stat().st_mtime_ns == before


def test_the_cookie_stands_among_fifteen_foreign_ones_of_which_one_changes() -> None:
    names = [pair.split("=")[0] for pair in visitors.cookie(1).split("; ")]
    assert len(names) == 16
    assert names.index(f"pc_{SITE}") == 7
    assert visitors.cookie(1).count(visitors.CHANGING) == 1
    assert visitors.cookie(1).count(visitors.TOKEN) == 1


def test_every_choice_has_an_id_of_its_own_and_the_length_it_says() -> None:
    whole = [requests.choice("0123456789abcdef01", number).decode() for number in range(1, 50)]
    ids = {found[0] for each in whole for found in re.findall(r'"id":"([0-9a-f-]{36})(")', each)}
    assert len(ids) == len(whole)
    head, _, body = whole[0].partition("\r\n\r\n")
    assert f"Content-Length: {len(body)}" in head


def test_wrk_draws_all_tokens_at_random_and_changes_the_foreign_cookie(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("".join(f"token-{number:04d}\n" for number in range(50)))
    drawn = _drawn(tokens, "random 7")
    assert {line.split("|")[0] for line in drawn} == {f"token-{number:04d}" for number in range(50)}
    assert len({line.split("|")[1] for line in drawn}) > len(drawn) * 0.9


def test_wrk_asks_for_the_tokens_in_order_when_it_is_to_fill_a_cache(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("".join(f"{number:04d}\n" for number in range(50)))
    numbers = [int(line.split("|")[0]) for line in _drawn(tokens, "from 47")]
    assert numbers[0] in (47, 48)  # wrk itself makes a request that it does not send
    assert all(after == (before + 1) % 50 for before, after in pairwise(numbers))


def _drawn(tokens: Path, order: str) -> list[str]:
    """Return the visitor and the changing cookie of each request that wrk makes with flags.lua within a second."""
    seen: list[str] = []

    class Recorder(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append(f"{self.path.removeprefix('/')}|{self.headers['Cookie']}")
            self.send_response(204)
            self.end_headers()

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/{visitors.TOKEN}"
        arguments = [str(tokens), "50", order, f"Cookie: _ga={visitors.CHANGING}"]
        wrk.drive(url, "flags.lua", arguments, 1, connections=1)
        server.shutdown()
    return seen
