"""The command line: each command parses its arguments, calls one function and prints.

A new command is a function in a module here and a row in `app` below. Commands import what only they need when they
run: `keys list` must not wait for a web server's imports.

Exit status 0: done; 1: refused, with the reason on standard error; 2: used wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from consent_service.cli.check import check
from consent_service.cli.demo import demo
from consent_service.cli.doctor import doctor
from consent_service.cli.groups import command_group
from consent_service.cli.imports import import_opt_outs
from consent_service.cli.keys import keys
from consent_service.cli.ledger import ledger
from consent_service.cli.ready import ready
from consent_service.cli.serve import serve, work
from consent_service.cli.snippet import snippet
from consent_service.cli.store import backup, move, restore
from consent_service.errors import ConsentError

app = command_group(
    "A self-hosted consent service.",
    {
        "check": check,
        "serve": serve,
        "work": work,
        "ready": ready,
        "doctor": doctor,
        "snippet": snippet,
        "keys": keys,
        "backup": backup,
        "restore": restore,
        "move": move,
        "import": import_opt_outs,
        "ledger": ledger,
        "demo": demo,
    },
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"consent-service {version('consent-service')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A self-hosted consent service."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the console script: turn errors into a sentence on standard error and exit status 1."""
    try:
        app(args=arguments)
    except ConsentError as error:
        _exit_refused(str(error))
    except OSError as error:  # a file that a command was to read or write, or standard output
        from consent_service.store.causes import cause

        _exit_refused(f"{error.filename or 'reading or writing failed'}: {cause(error)}")


def _exit_refused(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise SystemExit(1) from None
