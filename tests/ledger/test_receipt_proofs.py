"""Receipts' proofs as values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from consent_service.ledger import checkpoints, receipt_proofs, segments
from consent_service.ledger.object_names import checkpoint_name, segment_name
from tests.ledger.sealed import SIGNER, a_site


async def test_every_line_of_a_segment_is_proved_under_its_checkpoint(tmp_path: Path) -> None:
    async with a_site(tmp_path, [7]) as site:
        objects = site.objects()
        checkpoint = checkpoints.open_checkpoint(objects[checkpoint_name("acme", 1)], SIGNER.public_keys())
        lines = segments.split(segments.unpack(objects[segment_name("acme", 1)]))
        proofs = [receipt_proofs.prove_inclusion(lines, index) for index in range(7)]
        assert all(receipt_proofs.verify_inclusion(checkpoint.root, proof) for proof in proofs)
        other = proofs[0].line.replace("opt_out", "opt_in")
        assert not receipt_proofs.verify_inclusion(
            checkpoint.root, receipt_proofs.Inclusion(other, 0, proofs[0].size, proofs[0].path)
        )


@pytest.mark.parametrize(
    "written",
    [
        str.upper,
        lambda node: f" {node}",
        lambda node: f"{node[:2]} {node[2:]}",
        lambda node: node[:-2],
        str.title,
    ],
    ids=["capitals", "a space before", "a space within", "cut off", "titles"],
)
async def test_a_proof_whose_hashes_are_written_otherwise_proves_nothing(
    tmp_path: Path, written: Callable[[str], str]
) -> None:
    async with a_site(tmp_path, [7]) as site:
        objects = site.objects()
        checkpoint = checkpoints.open_checkpoint(objects[checkpoint_name("acme", 1)], SIGNER.public_keys())
        lines = segments.split(segments.unpack(objects[segment_name("acme", 1)]))
        proof = receipt_proofs.prove_inclusion(lines, 3)
        path = [written(node) for node in proof.path]
        assert not receipt_proofs.verify_inclusion(
            checkpoint.root, receipt_proofs.Inclusion(proof.line, 3, proof.size, path)
        )
        assert not receipt_proofs.verify_inclusion(written(checkpoint.root), proof)
