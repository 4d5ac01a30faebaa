"""The demo as users start it, in a process of its own, and what lies in its store."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consent_service.demo.demo_folder import DemoFolder
from consent_service.demo.site_addresses import ADNET_HOST, LOOPBACK, SITE, Addresses
from consent_service.identity.key_ring import decode_ring
from consent_service.identity.visitor_tokens import VisitorTokens
from consent_service.ledger.entries import Entry, decode
from consent_service.services.records.standings import record_key
from consent_service.store.engines import open_store
from consent_service.store.names import LEDGER, site_shards
from tests.support.processes import fetch
from tests.support.records import records_of
from tests.support.service import CLI
from tests.support.waiting import DEADLINE


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    addresses: Addresses
    folder: DemoFolder
    process: subprocess.Popen[str]

    def read_until(self, word: str) -> str:
        """Return its output up to the line with this word."""
        printed = ""
        while word not in printed:
            line = self.process.stdout.readline() if self.process.stdout else ""
            assert line, f"{word!r} was never printed:\n{printed}"
            printed += line
        return printed

    async def ledger(self) -> list[Entry]:
        """Every entry of the site, in order for each visitor, read from the file that the service writes."""
        store = open_store(f"sqlite:///{self.folder.store}")
        try:
            page = await store.read(LEDGER, site_shards(SITE, store.shards), "", 10_000)
        finally:
            await store.close()
        return [decode(entry.payload) for entry in page.entries]

    async def ledger_since(self, before: list[Entry]) -> list[Entry]:
        """The entries that were not there before."""
        known = {entry.id for entry in before}
        return [entry for entry in await self.ledger() if entry.id not in known]

    def partner_log(self) -> list[dict[str, Any]]:
        """Return the requests that adnet says it got."""
        asked: list[dict[str, Any]] = get_json(self.addresses.shop_port, "/log", host=ADNET_HOST)
        return asked

    def server_flag(self, token: str) -> dict[str, Any]:
        """The flag that the service gives for this visitor to anybody who asks."""
        said: dict[str, Any] = get_json(self.addresses.port, f"/v1/{SITE}/flag?visitor={token}")
        return said

    def visitor(self, token: str) -> str:
        """The id of the visitor that this token names."""
        ring = decode_ring(self.folder.keys.read_text())
        return VisitorTokens(ring).unsign(SITE, token, int(time.time())).visitor_id.hex()

    async def subject(self, token: str) -> str:
        """The number that the entries of this token's visitor bear."""
        store = open_store(f"sqlite:///{self.folder.store}")
        try:
            records = await records_of(store, SITE)
        finally:
            await store.close()
        ring = decode_ring(self.folder.keys.read_text())
        key = record_key(ring, SITE, bytes.fromhex(self.visitor(token)), store.shards)
        return records[key].subject.hex()


def start(port: int, shop_port: int, data: Path) -> subprocess.Popen[str]:
    """`consent-service demo` in a process group of its own, so that signals to it reach nobody else."""
    given = ["--port", str(port), "--shop-port", str(shop_port), "--data", str(data)]
    return subprocess.Popen(
        [*CLI, "demo", *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@contextmanager
def running(port: int, shop_port: int, data: Path, end: signal.Signals = signal.SIGINT) -> Iterator[Demo]:
    """A demo whose three sites answer; ended by Ctrl-C unless said otherwise."""
    process = start(port, shop_port, data)
    demo = Demo(Addresses(port, shop_port), DemoFolder(data.resolve()), process)
    try:
        wait_until_ready(demo)
        yield demo
    finally:
        process.send_signal(end)
        process.communicate(timeout=DEADLINE)


def wait_until_ready(demo: Demo) -> None:
    """Ask until service and shop answer."""
    deadline = time.monotonic() + DEADLINE
    asked = ((demo.addresses.port, "/readyz"), (demo.addresses.shop_port, "/"))
    while not all(answers(port, path) for port, path in asked):
        if demo.process.poll() is not None or time.monotonic() > deadline:
            log = demo.folder.log.read_text() if demo.folder.log.exists() else ""
            raise AssertionError(f"the demo did not start ({demo.process.poll()}):\n{log}")
        time.sleep(0.05)  # between two questions; what is waited for is the answer


def answers(port: int, path: str) -> bool:
    """Return True if this address answers 200 now."""
    try:
        return fetch(port, path).status == 200
    except (OSError, http.client.HTTPException):
        return False


def get_json(port: int, path: str, host: str = LOOPBACK) -> Any:
    """Return the JSON of an answer, which must be 200."""
    answer = fetch(port, path, host)
    assert answer.status == 200, answer
    return json.loads(answer.body)
