"""The command `check`: the configuration, scripts that sites serve themselves, and pages.

Exit status 1 for a fault, an outdated script, or a page that reaches blocked partners.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consent_service.cli.options import DEFAULT_CONFIG, load_config
from consent_service.errors import ScriptOutdated

if TYPE_CHECKING:
    from consent_service.config import Config


def check(
    config: Annotated[Path, typer.Argument(help="Configuration file.")] = DEFAULT_CONFIG,
    self_hosted: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SITE=FILE", help="Also check that FILE is the current script of SITE. May be repeated."
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="PAGE",
            help="Also load this page in Chromium and list everything on it that reaches blocked partners.",
        ),
    ] = None,
) -> None:
    """Check the configuration and print every fault and hint with its key and line."""
    from consent_service.config import digest
    from consent_service.config.hints import hints
    from consent_service.config.well_known import gpc_hints
    from consent_service.process.preflight import warnings
    from consent_service.process.reloading import read_text

    loaded = load_config(config)
    sites = ", ".join(loaded.sites)
    typer.echo(f"{config} is fine: digest {digest(loaded)}, sites: {sites}")
    for hint in (*hints(read_text(config), loaded), *gpc_hints(loaded)):
        typer.echo(f"hint: {hint}")
    for pair in self_hosted or ():
        _check_self_hosted(loaded, *pair.split("=", 1))
    if url is not None:
        _inspect_page(loaded, url)
    for warning in warnings(loaded.service):
        typer.echo(warning)
    if loaded.keys is None:
        typer.echo("No key ring was checked: `serve` needs CONSENT_KEYS_FILE in its environment.")


def _check_self_hosted(config: Config, site: str, file: str = "") -> None:
    """Print that this file is the site's current script. Raises ScriptOutdated if it isn't."""
    from consent_service.embed.site_script import snippet_of

    if not file:
        raise typer.BadParameter("expected SITE=FILE", param_hint="--self-hosted")
    script = snippet_of(config, site).script
    try:
        written = Path(file).read_bytes()
    except OSError as error:
        raise ScriptOutdated(f"{file}: can't be read: {error.strerror}") from error
    if written != script.body:
        raise ScriptOutdated(
            f"{file} is not today's script of {site!r}: another version of the service wrote it, or the "
            f"configuration has changed. `consent-service snippet {site} --self-host {file}` writes it again, "
            "with the lines to paste"
        )
    typer.echo(f"{file} is today's script of {site!r}: version {script.digest}")


def _inspect_page(config: Config, url: str) -> None:
    """Print what on this page reaches blocked partners, and hints on its site. Exits with status 1 for the former."""
    from consent_service.inspection import inspect

    findings, hints = inspect(config, url)
    for finding in (*hints, *findings):
        typer.echo(str(finding))
    if findings:
        raise typer.Exit(1)
    typer.echo(f"{url} sends nothing to blocked partners while denied")
