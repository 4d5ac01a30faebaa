"""The command `ready`, for health checks: ask the service on this machine for `/readyz`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from consent_service.cli.options import DEFAULT_CONFIG, ConfigFile, load_config

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_TIMEOUT: Final = 3.0
"""Seconds for an answer; the service gives its store one."""
_PAUSE: Final = 0.2
"""Seconds between two attempts."""


def ready(
    config: ConfigFile = DEFAULT_CONFIG,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until the service is ready.")] = 0,
) -> None:
    """Ask the service on this machine whether it is ready for traffic, as a health check.

    Exit status 1 when it is not.
    """
    from urllib.parse import urlsplit

    from consent_service.embed.nginx import upstream_of

    service = load_config(config).service
    address = urlsplit(upstream_of(service.host, service.port))
    deadline = time.monotonic() + wait
    while True:
        is_ready, answer = _fetch_readiness(address)
        if is_ready or time.monotonic() >= deadline:
            break
        time.sleep(_PAUSE)
    typer.echo(answer, err=not is_ready)
    raise typer.Exit(0 if is_ready else 1)


def _fetch_readiness(address: SplitResult) -> tuple[bool, str]:
    """Return whether the service is ready, and its answer or the reason why there is none."""
    import http.client

    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status == http.HTTPStatus.OK, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer at {address.geturl()}: {error}"
    finally:
        connection.close()
