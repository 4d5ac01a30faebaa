"""The command `doctor`: print what the examination finds, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile, load_config

if TYPE_CHECKING:
    from consent_service.doctor.findings import Finding


def doctor(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Examine store, ledger, keys and sites, and print what endangers them and what to do. Changes nothing.

    Exit status 1 when there is a fault.
    """
    from consent_service.config.environment import exposures, given
    from consent_service.config.loading import KEYS, SECRETS
    from consent_service.doctor.examination import examine
    from consent_service.doctor.findings import Grade

    keys_file = given(os.environ, f"{KEYS}_FILE")
    loaded = load_config(config)
    ring_path = Path(keys_file) if keys_file else None
    findings = asyncio.run(examine(loaded, time.time, ring_path, exposures(os.environ, SECRETS)))
    for finding in findings:
        typer.echo(_render_finding(finding))
    counts = Counter(finding.grade for finding in findings)
    typer.echo(f"{counts[Grade.OK]} ok, hints: {counts[Grade.HINT]}, faults: {counts[Grade.FAULT]}")
    raise typer.Exit(1 if counts[Grade.FAULT] else 0)


def _render_finding(finding: Finding) -> str:
    line = f"{finding.grade:<5}  {finding.about}: {finding.said}"
    return f"{line}\n       -> {finding.remedy}" if finding.remedy else line
