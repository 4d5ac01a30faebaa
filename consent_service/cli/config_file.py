"""Configuration for commands: the option that names the file, and reading it with the process's environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from consent_service.config import Config, parse_config
from consent_service.config.hints import config_hints
from consent_service.errors import Fault

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The configuration.")]
DEFAULT_CONFIG: Final = Path("consent.toml")


def load_config(file: Path) -> Config:
    """The configuration, and the secrets of the environment. Raises ConfigError."""
    from consent_service.process.serving_config import read_text

    return parse_config(read_text(file), os.environ)


def hints_of(file: Path, config: Config) -> tuple[Fault, ...]:
    """Return warnings of whom the configuration trusts. `file`: its path."""
    from consent_service.process.serving_config import read_text

    return config_hints(read_text(file), config)
