"""Verification of a big archive: a million entries, in time that is told and memory that does not grow with them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.words import Method, Stance
from consent_service.identity.signatures import encode_jwks
from consent_service.ledger import checkpoints, object_names, segments
from consent_service.ledger.archive import FolderArchive
from consent_service.ledger.checkpoints import Plan, Span
from consent_service.ledger.entries import Device, Evidence, encode, entry_of
from consent_service.ledger.sealer import MOST_ENTRIES
from consent_service.services.records.drafts import RandomIds
from consent_service.store.contract import Entry, Position
from tests.ledger.sealed import SIGNER
from tests.support.clock import START

pytestmark = pytest.mark.soak

ENTRIES = 1_000_000
SECONDS = 120
MEGABYTES = 256
EVIDENCE = Evidence(Device("mobile", "Firefox"), notice="2026-01", lang="en")

MEASURED = """
import resource, sys, time
from consent_service.cli.main import main
began = time.perf_counter()
try:
    main(["ledger", "verify", *sys.argv[1:]])
finally:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{time.perf_counter() - began:.1f} {time.process_time():.1f} {peak}")
"""


def entries() -> Iterator[Entry]:
    """As many as are wanted, of one shard, each a second after the one before; the last one when all are sealed."""
    ids, sequence = RandomIds(), 0
    while True:
        sequence += 1
        fact = ChoiceMade(
            START - ENTRIES + sequence, Method.BANNER, sale=Stance.OPTED_OUT, share=Stance.OPTED_OUT
        )
        entry = entry_of(
            fact, entry_id=str(ids.next()), site="acme", subject=ids.next().bytes, evidence=EVIDENCE
        )
        yield Entry("acme.00", Position(sequence, 0), encode(entry))


def fill(kept: FolderArchive) -> None:
    """Seal them as the work process would."""
    source, previous, after = entries(), "", 0
    for number in range(1, -(-ENTRIES // MOST_ENTRIES) + 1):
        some = list(islice(source, min(MOST_ENTRIES, ENTRIES - after)))
        span = Span(after, after + len(some))
        segment = segments.pack(some)
        checkpoint = checkpoints.checkpoint_of(
            "acme", Plan(number, previous, START, SIGNER.current, {"acme.00": span}), segment
        )
        kept.put(object_names.segment_name("acme", number), segment.data)
        kept.put(object_names.marks_name("acme", number), segment.marks)
        kept.put(object_names.checkpoint_name("acme", number), checkpoints.sign(SIGNER, checkpoint))
        previous, after = checkpoints.digest_of(checkpoint), span.through


def test_a_million_entries_are_checked_in_bounded_time_and_memory(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    fill(FolderArchive(tmp_path / "archive"))
    (tmp_path / "jwks.json").write_bytes(encode_jwks(SIGNER.public_keys()))
    command = [
        sys.executable,
        "-c",
        MEASURED,
        str(tmp_path / "archive"),
        "--key",
        str(tmp_path / "jwks.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    *said, figures = done.stdout.splitlines()
    assert said[-1] == f"{ENTRIES} entries in 62 segments, 0 dropped in time: no findings"
    seconds, processor, megabytes = (float(figure) for figure in figures.split())
    stored = sum(file.stat().st_size for file in (tmp_path / "archive").rglob("*") if file.is_file())
    print(
        f"{ENTRIES} entries: {seconds} s ({processor} s of processor), {megabytes} MB, {stored >> 20} MB stored"
    )
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
