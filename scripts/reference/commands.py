"""The page of the commands: every command with its arguments, options, defaults and help, as Typer knows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import typer

from consent_service.cli.main import app
from reference.markdown import code, page, table

_EXTRA: Final = re.compile(r"^(.*?)(?:  \[([^\[\]]*)\])?$", re.DOTALL)
_KINDS: Final = {
    "str": "text",
    "int": "number",
    "float": "number",
    "int range": "number",
    "float range": "number",
}
_PROGRAM: Final = "consent-service"
_ABOUT: Final = """\
`consent-service COMMAND --help` says the same. [Commands by task](../operate/commands.md) says which one to use when.

| exit status | means |
|--:|---|
| 0 | done |
| 1 | refused, with the reason on standard error; or a fault was found, where the command says so |
| 2 | used wrongly; for `ledger verify`: no signature was checked |
"""


def render() -> str:
    """Return the whole page."""
    blocks = [
        block for command in _commands(typer.main.get_command(app), None, _PROGRAM) for block in command
    ]
    return page("Commands", _ABOUT, *blocks)


def _commands(command: Any, parent: Any, name: str) -> Iterator[list[str]]:
    """Yield the blocks of each command below this one, groups left out, in alphabetical order."""
    context = typer.Context(command, info_name=name, parent=parent)
    below = getattr(command, "commands", None)
    if below is None:
        yield _blocks(command, context)
        return
    for inner in sorted(below):
        yield from _commands(below[inner], context, inner)


def _blocks(command: Any, context: Any) -> list[str]:
    title = context.command_path.removeprefix(f"{_PROGRAM} ")
    paragraphs = [" ".join(block.split()) for block in command.help.split("\n\n")]
    rows = [_row(parameter, parameter.get_help_record(context)) for parameter in command.params]
    return [
        f"## {title}",
        *paragraphs,
        table(("argument or option", "default", "meaning"), rows),
    ]


def _row(parameter: Any, record: tuple[str, str]) -> tuple[str, str, str]:
    """Return the cells of one parameter. `record`: its line in the command's help."""
    names, text = record
    match = _EXTRA.match(text)
    assert match is not None
    meaning, extras = match[1], (match[2] or "").split("; ")
    if parameter.param_type_name == "option" and parameter.secondary_opts:
        names = parameter.opts[0]  # a switch; its `--no-…` is the default
    facts = {name: value for name, _, value in (extra.partition(": ") for extra in extras)}
    default = "must be given" if "required" in facts else code(facts.get("default", ""))
    if parameter.secondary_opts or (not default and names.startswith("--") and " " not in names):
        default = "off"
    limits = "".join(f" {code(extra)}." for extra in extras if "<=" in extra or ">=" in extra)
    variable = f" Also from {code(facts['env var'])}." if "env var" in facts else ""
    names = re.sub(
        r"<(?:list\[)?([\w ]+)\]?>", lambda kind: f"<{_KINDS.get(kind[1], kind[1].lower())}>", names
    )
    return code(names.replace("|", " or ")), default, meaning + limits + variable
