"""Reloading: reading a configuration that can serve, and what of it a running service can't take on.

Knows nothing of processes or signals.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from consent_service.config import Config, load
from consent_service.config.loading import KEYS
from consent_service.errors import ConfigError, Fault
from consent_service.identity.keys import KeyRing

_FIXED: Final = (
    *("host", "port", "workers", "metrics_host", "metrics_port", "store", "durability"),
    "keep_alive_seconds",
)


class Loaded(NamedTuple):
    """A configuration that can serve: its text, what the text says, and its keys."""

    text: str
    config: Config
    ring: KeyRing


def load_serving(file: Path, env: Mapping[str, str], *, clock: Callable[[], float] = time.time) -> Loaded:
    """Read the file and the environment, and try what the application makes of them.

    Raises ConfigError with every fault; that there are no keys is one, and a site that can't be built.
    """
    text = read_text(file)
    config = load(text, env)
    ring = config.require_ring()
    from consent_service.process.trial import trial  # `check` reads too, and need not wait for a web server

    trial(config, int(clock()))
    return Loaded(text, config, ring)


def read_text(file: Path) -> str:
    """The file's text. Raises ConfigError that says why it can't be read."""
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
    except FileNotFoundError:
        hint = "is not there; name the configuration with --config FILE (`check FILE`)"
        raise ConfigError((Fault(str(file), 0, hint),)) from None
    except OSError as error:
        raise ConfigError((Fault(str(file), 0, f"can't be read: {error.strerror}"),)) from None
    except UnicodeDecodeError as error:
        raise ConfigError((Fault(str(file), 0, f"is not UTF-8 at byte {error.start}"),)) from None


def needs_restart(running: Loaded, fresh: Loaded) -> tuple[Fault, ...]:
    """Return a fault for each key that differs and needs a restart; none if a reload will do."""
    old, new = running.config.service, fresh.config.service
    faults = [
        Fault(f"service.{name}", 0, "changed; that needs a restart")
        for name in _FIXED
        if getattr(old, name) != getattr(new, name)
    ]
    if running.ring.hashing_key != fresh.ring.hashing_key:
        message = "another hashing key would part every visitor from their record; put the old ring back"
        faults.append(Fault(KEYS, 0, message))
    return tuple(faults)
