"""Groups of commands: the one way in which a command or a group of commands gets its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

import typer

Command = Callable[..., None]


def command_group(title: str, commands: Mapping[str, Command | typer.Typer]) -> typer.Typer:
    """Return a group of these commands and groups, by the names that operators type, in this order in `--help`."""
    group = typer.Typer(
        help=title, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    for name, command in commands.items():
        if isinstance(command, typer.Typer):
            group.add_typer(command, name=name)
        else:
            group.command(name, help=_help_of(command))(command)
    return group


def _help_of(command: Command) -> str:
    """Return the docstring with each paragraph on one line: terminals wrap it by their own width."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
