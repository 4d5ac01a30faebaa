"""The command for health checks: asks the service on this machine what `/readyz` says."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import typer

from consent_service.cli_config import DEFAULT_CONFIG, ConfigFile, load_config

_PATIENCE = 3.0
"""Seconds; the service gives its store one."""


def ready(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Ask the service on this machine whether it takes traffic. Exit status 1 when it does not; for health checks."""
    from consent_service.web.nginx import upstream_of

    service = load_config(config).service
    address = urlsplit(upstream_of(service.host, service.port))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        typer.echo(answer.read().decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        typer.echo(f"no answer at {address.geturl()}: {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        connection.close()
    raise typer.Exit(0 if answer.status == http.HTTPStatus.OK else 1)
