"""The work process seals: what a visitor chose lies signed in the archive soon after."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from consent_service.identity.signatures import StatementSigner
from consent_service.ledger.archive import FolderArchive
from consent_service.ledger.object_names import checkpoint_name
from consent_service.ledger.verification import verify
from tests.support.configuration import RING, consent_toml
from tests.support.service import serving
from tests.support.waiting import eventually


def choose(port: int) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/acme/choices",
        json.dumps({"sale_share": "opt_out"}).encode(),
        {"origin": "https://shop.example.com", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def test_a_choice_is_sealed_by_the_work_process(tmp_path: Path, free_port: int) -> None:
    folder = tmp_path / "archive"
    text = consent_toml(tmp_path, free_port) + f'[ledger]\narchive = "{folder}"\nseal_every = 1\n'
    with serving(tmp_path, text, free_port) as service:
        choose(free_port)
        refused = eventually(lambda: service.logged("ledger not sealed"))
        assert "the archive's folder is not there" in refused[0]["reason"]
        folder.mkdir()
        kept = FolderArchive(folder)
        assert eventually(lambda: kept.get(checkpoint_name("acme", 1)))
    report = verify(kept, StatementSigner(RING).public_keys())
    assert (report.findings, report.entries) == ([], 1)
