"""Serving configuration: reading one that can serve, and the changes that need a restart.

Knows nothing of processes or signals.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from consent_service.config import Config, parse_config
from consent_service.config.loader import KEYS
from consent_service.errors import ConfigError, Fault
from consent_service.identity.key_ring import KeyRing

_FIXED: Final = (
    *("host", "port", "workers", "metrics_host", "metrics_port", "store", "durability"),
    "keep_alive_seconds",
)


class ServingConfig(NamedTuple):
    """A configuration that can serve: its text, its parsed form, and its keys."""

    text: str
    config: Config
    ring: KeyRing


def load_serving(
    file: Path, env: Mapping[str, str], *, clock: Callable[[], float] = time.time
) -> ServingConfig:
    """Return the configuration in this file and environment, after building the application from it once.

    Raises ConfigError with every fault. Missing keys are one, and so is a site that can't be built.
    """
    text = read_text(file)
    config = parse_config(text, env)
    ring = config.require_ring()
    from consent_service.process.trial_build import (
        try_build,  # `check` reads too, and need not wait for a web server
    )

    try_build(config, int(clock()))
    return ServingConfig(text, config, ring)


def read_text(file: Path) -> str:
    """Return the file's text. Raises ConfigError with the reason why it can't be read."""
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
    except FileNotFoundError:
        hint = "does not exist; name the configuration with --config FILE (`check FILE`)"
        raise ConfigError((Fault(str(file), 0, hint),)) from None
    except OSError as error:
        raise ConfigError((Fault(str(file), 0, f"can't be read: {error.strerror}"),)) from None
    except UnicodeDecodeError as error:
        raise ConfigError((Fault(str(file), 0, f"is not UTF-8 at byte {error.start}"),)) from None


def needs_restart(running: ServingConfig, fresh: ServingConfig) -> tuple[Fault, ...]:
    """Return a fault for each key that differs and needs a restart; none if a reload will do."""
    old, new = running.config.service, fresh.config.service
    faults = [
        Fault(f"service.{name}", 0, "changed; restart the service to apply it")
        for name in _FIXED
        if getattr(old, name) != getattr(new, name)
    ]
    if running.ring.hashing_key != fresh.ring.hashing_key:
        message = (
            "the new key ring has a different hashing key: no visitor would match their record; restore the "
            "previous ring"
        )
        faults.append(Fault(KEYS, 0, message))
    return tuple(faults)
