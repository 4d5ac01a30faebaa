"""The doctor's command: prints what the examination finds. Exit status 1 when there is a fault."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

import typer

from consent_service.cli.config_file import DEFAULT_CONFIG, ConfigFile, load_config
from consent_service.config.environment import exposed_secrets, variable_value
from consent_service.config.loader import KEYS, SECRETS
from consent_service.doctor.diagnosis import Diagnosis, Grade


def doctor(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Say what the store promises and what endangers it; changes nothing. Exit status 1 when there is a fault."""
    from consent_service.doctor.examination import examine

    keys_file = variable_value(os.environ, f"{KEYS}_FILE")
    loaded = load_config(config)
    place = Path(keys_file) if keys_file else None
    findings = asyncio.run(examine(loaded, time.time, place, exposed_secrets(os.environ, SECRETS)))
    for finding in findings:
        typer.echo(_render(finding))
    counted = Counter(finding.grade for finding in findings)
    typer.echo(f"{counted[Grade.OK]} ok, hints: {counted[Grade.HINT]}, faults: {counted[Grade.FAULT]}")
    raise typer.Exit(1 if counted[Grade.FAULT] else 0)


def _render(finding: Diagnosis) -> str:
    said = f"{finding.grade:<5}  {finding.about}: {finding.sentence}"
    return f"{said}\n       -> {finding.remedy}" if finding.remedy else said
