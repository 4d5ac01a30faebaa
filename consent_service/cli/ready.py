"""The command for health checks: asks the service on this machine what `/readyz` says."""

from __future__ import annotations

import http.client
import time
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import typer

from consent_service.cli.config_file import DEFAULT_CONFIG, ConfigFile, load_config

_PATIENCE = 3.0
"""Seconds; the service gives its store one."""
_PAUSE = 0.2
"""Seconds between two questions."""


def ready(
    config: ConfigFile = DEFAULT_CONFIG,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to go on asking, after a start.")] = 0,
) -> None:
    """Ask the service on this machine whether it takes traffic. Exit status 1 when it does not; for health checks."""
    from consent_service.embed.nginx import upstream_of

    service = load_config(config).service
    address = urlsplit(upstream_of(service.host, service.port))
    until = time.monotonic() + wait
    while True:
        is_ready, said = _ask(address)
        if is_ready or time.monotonic() >= until:
            break
        time.sleep(_PAUSE)
    typer.echo(said, err=not is_ready)
    raise typer.Exit(0 if is_ready else 1)


def _ask(address: SplitResult) -> tuple[bool, str]:
    """Return whether the service is ready, and its answer, or why there is none."""
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer at {address.geturl()}: {error}"
    finally:
        connection.close()
