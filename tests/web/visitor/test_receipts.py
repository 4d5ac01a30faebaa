"""Receipts: a promise at once, a proof once sealed and also after the trim, nothing for who holds none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consent_service.config import LedgerSettings
from consent_service.identity.key_ring import DAY
from consent_service.identity.signatures import Signed, Statement, StatementSigner, decode_jwks, unsign
from consent_service.ledger import receipt_proofs
from consent_service.ledger.archive import FolderArchive
from consent_service.ledger.object_names import segment_name
from consent_service.ledger.receipt_proofs import Inclusion
from consent_service.process.ledger_work import run_once
from consent_service.store.engines import open_store
from tests.support.application import Running, running


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    """The application with an archive."""
    (tmp_path / "archive").mkdir()
    async with running(tmp_path, more=f'[ledger]\narchive = "{tmp_path}/archive"') as started:
        yield started


async def seal(service: Running, later: int = 0) -> FolderArchive:
    """One round of the work process."""
    service.clock.now += later
    kept = FolderArchive(service.store_path.parent / "archive")
    store = open_store(service.store_url, clock=service.clock)
    try:
        await run_once(store, kept, StatementSigner(service.ring), LedgerSettings(), ["acme"], service.clock)
    finally:
        await store.close()
    return kept


async def shown(service: Running, receipt: dict[str, str]) -> dict[str, Any]:
    answer = await service.client.get(f"/v1/acme/receipts/{receipt['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def chosen(service: Running) -> dict[str, str]:
    return dict((await service.choose(sale_share="opt_out")).json()["receipt"])


async def text_of(service: Running, statement: Statement, signed: dict[str, str]) -> dict[str, Any]:
    """Return the signed text, checked with the keys that anybody can fetch."""
    keys = decode_jwks((await service.client.get("/.well-known/jwks.json")).content)
    return dict(msgspec.json.decode(unsign(keys, statement, Signed(**signed))))


async def test_a_receipt_is_a_signed_promise_at_once(service: Running) -> None:
    receipt = await chosen(service)
    proof = await shown(service, receipt)
    assert (proof["sealed"], proof["checkpoint"], proof["inclusion"]) == (False, None, None)
    assert proof["digest"] == receipt["digest"]
    assert proof["entry"]["sale"] == "opt_out"
    assert await text_of(service, Statement.PROMISE, proof["promise"]) == {
        "digest": receipt["digest"],
        "id": receipt["id"],
        "place": proof["place"],
        "site": "acme",
    }


@pytest.mark.parametrize("days", [0, 200], ids=["sealed", "trimmed"])
async def test_once_sealed_a_receipt_is_proved_under_a_checkpoint_also_after_the_trim(
    service: Running, days: int
) -> None:
    receipts_of = [await chosen(service) for _ in range(5)]
    before = await shown(service, receipts_of[2])
    await seal(service)
    await seal(service, days * DAY)
    assert bool(await service.entries()) == (days == 0)
    proof = await shown(service, receipts_of[2])
    head = await text_of(service, Statement.CHECKPOINT, proof["checkpoint"])
    assert receipt_proofs.verify_inclusion(head["root"], Inclusion(**proof["inclusion"]))
    assert msgspec.json.decode(proof["inclusion"]["line"])["entry"] == proof["entry"]
    assert {**proof, **dict.fromkeys(("sealed", "checkpoint", "inclusion"))} == {
        **before,
        **dict.fromkeys(("sealed", "checkpoint", "inclusion")),
    }


async def test_a_repeated_choice_gets_the_receipt_that_it_got(service: Running) -> None:
    request = "12345678-1234-4234-8234-123456789abc"
    first = (await service.choose(sale_share="opt_out", id=request)).json()
    await service.choose(sensitive="limit", visitor=first["visitor"])
    again = (await service.choose(sale_share="opt_out", id=request)).json()
    assert again["receipt"] == first["receipt"]
    assert (await shown(service, again["receipt"]))["entry"]["sale"] == "opt_out"


@pytest.mark.parametrize("change", ["other entry", "later", "other shard", "no receipt"])
async def test_nobody_gets_an_entry_by_guessing(service: Running, change: str) -> None:
    entry, shard, sequence = (await chosen(service))["id"].split(".")
    other = {
        "other entry": f"{entry[:-1]}{'0' if entry[-1] != '0' else '1'}.{shard}.{sequence}",
        "later": f"{entry}.{shard}.{int(sequence) + 5}",
        "other shard": f"{entry}.99.{sequence}",
        "no receipt": "anything",
    }[change]
    answer = await service.client.get(f"/v1/acme/receipts/{other}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:consent-service:problem:unknown-receipt")


async def test_a_segment_that_was_changed_proves_nothing(service: Running) -> None:
    receipt = await chosen(service)
    kept = await seal(service)
    kept.put(segment_name("acme", 1), b"x")
    answer = await service.client.get(f"/v1/acme/receipts/{receipt['id']}")
    assert (answer.status_code, answer.json()["type"]) == (
        503,
        "urn:consent-service:problem:archive-unavailable",
    )
