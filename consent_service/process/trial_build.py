"""Trial build of the application under a configuration, before any process is told to serve it.

It finds what a validated configuration can still break, in one sentence for each site. Opens no store and
listens nowhere.
"""

from __future__ import annotations

from consent_service.config import Config
from consent_service.embed.site_script import script_of
from consent_service.errors import ConfigError, Fault


def try_build(config: Config, now: int) -> None:
    """Build each site under its regimes, and its script, as they would be served at this moment (Unix seconds).

    Raises ConfigError with a fault for each site that can't be built.
    """
    faults = tuple(fault for key in config.sites if (fault := _build_fault(config, key, now)))
    if faults:
        raise ConfigError(faults)


def _build_fault(config: Config, key: str, now: int) -> Fault | None:
    try:
        script_of(config, key, now)
    except Exception as error:  # whatever it is: workers would meet it too, and give up
        return Fault(f"sites.{key}", 0, f"can't be served: {error}")
    return None
