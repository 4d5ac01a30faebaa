"""Options that several commands share, and reading the configuration that one of them names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from consent_service.config import Config

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="Configuration file.")]
DEFAULT_CONFIG: Final = Path("consent.toml")
KeyFile = Annotated[Path, typer.Argument(envvar="CONSENT_KEYS_FILE", help="Key ring file.")]
Yes = Annotated[bool, typer.Option(help="Skip the confirmation prompt.")]


def load_config(file: Path) -> Config:
    """Return the configuration of this file and this process's environment. Raises ConfigError."""
    from consent_service.config import load
    from consent_service.process.reloading import read_text

    return load(read_text(file), os.environ)
