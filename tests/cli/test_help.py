"""The help of every command, and what the command line imports before one is chosen."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from consent_service.cli.main import app

LONGEST_SUMMARY = 120
QUESTION = re.compile(r"(What|Whether|Who|Whose|Whom|How|Where|Which|That)\b")


def commands(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand]]:
    """Yield every command with the words by which it is called."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{before}{name} ")
        else:
            assert isinstance(command, TyperCommand)
            yield f"{before}{name}", command


def tree(application: typer.Typer) -> TyperGroup:
    group = get_command(application)
    assert isinstance(group, TyperGroup)
    return group


COMMANDS = dict(commands(tree(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_s_help_opens_with_one_line_and_breaks_no_paragraph(name: str) -> None:
    paragraphs = (COMMANDS[name].help or "").split("\n\n")
    assert 0 < len(paragraphs[0]) <= LONGEST_SUMMARY
    assert not [paragraph for paragraph in paragraphs if "\n" in paragraph or not paragraph.endswith(".")]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_explained_by_a_sentence_that_is_no_riddle(name: str) -> None:
    texts = {each.name: getattr(each, "help", None) or "" for each in COMMANDS[name].params}
    assert not [option for option, text in texts.items() if not text.endswith(".")]
    assert not [text for text in texts.values() if QUESTION.match(text)]


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_that_may_be_repeated_says_so(name: str) -> None:
    repeated = [each for each in COMMANDS[name].params if isinstance(each, TyperOption) and each.multiple]
    assert not [option.name for option in repeated if "May be repeated" not in (option.help or "")]


def test_the_command_line_starts_without_what_only_a_command_needs() -> None:
    listed = "import sys, consent_service.cli.main; print(*sys.modules, sep='\\n')"
    ended = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    heavy = (
        "cryptography",
        "granian",
        "msgspec",
        "redis",
        "rich.progress",
        "sqlite3",
        "starlette",
    )
    rooms = ("app", "config", "embed", "ledger", "process", "services", "store", "web")
    ours = tuple(f"consent_service.{room}" for room in rooms)
    assert not [name for name in ended.stdout.split() if name.startswith((*heavy, *ours))]
