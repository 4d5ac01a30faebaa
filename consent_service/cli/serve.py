"""Commands that run the service: `serve` and `work`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile


def serve(
    config: ConfigFile = DEFAULT_CONFIG,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=128, help="Number of web workers (default: service.workers)."),
    ] = None,
) -> None:
    """Run the service: web workers and the work process. SIGTERM stops it, SIGHUP reloads the configuration."""
    _supervise(config, workers, ("web", "work"))


def work(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run only the work process, which seals the ledger and serves metrics, beside a `serve` on another machine."""
    _supervise(config, None, ("work",))


def _supervise(file: Path, workers: int | None, parts: Sequence[str]) -> None:
    from consent_service.process.supervisor import supervise

    raise typer.Exit(supervise(file.absolute(), os.environ, workers=workers, parts=parts))
