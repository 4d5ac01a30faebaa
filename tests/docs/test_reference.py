"""The reference pages say what the code has: commands, calls, problems, laws, sections, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from reference import RENDERED
from reference.markdown import table, words_for

from consent_service.cli.main import app as command_line
from consent_service.codecs.sections import SECTIONS
from consent_service.domain.regimes import ROWS
from consent_service.errors import ConsentError
from consent_service.web.http.problems import KINDS, kind_of
from tests.docs.pages import cells, read
from tests.support.application import running

REFERENCE = "docs/reference"


def options_of_every_command() -> Iterator[tuple[str, str]]:
    """Yield each command below the program with each option that its help has."""
    root = typer.main.get_command(command_line)
    groups = [("", root)]
    for prefix, group in groups:
        for name, command in getattr(group, "commands", {}).items():
            path = f"{prefix} {name}".strip()
            if hasattr(command, "commands"):
                groups.append((path, command))
            for parameter in command.params:
                yield from ((path, option) for option in parameter.opts)


@pytest.mark.parametrize(("command", "option"), list(options_of_every_command()))
def test_every_option_stands_under_its_command(command: str, option: str) -> None:
    page = read(f"{REFERENCE}/commands.md")
    assert f"\n## {command}\n" in page
    section = page.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    assert re.search(rf"[` ]{re.escape(option)}[` ,]", section, re.IGNORECASE), section


async def test_every_route_is_a_call_on_the_page(tmp_path: Path) -> None:
    page = read(f"{REFERENCE}/calls.md")
    async with running(tmp_path) as service:
        routes = {route.name for route in service.app.routes}  # type: ignore[attr-defined]
    assert routes == set(re.findall(r"^## ((?:GET|POST) .*)$", page, re.MULTILINE))


def test_every_error_that_has_an_answer_has_a_row_with_what_to_do() -> None:
    rows = {row[1].strip("`"): row for row in cells(f"{REFERENCE}/problems.md") if len(row) == 4}
    for error in subclasses(ConsentError):
        if any(issubclass(error, kind) for kind in KINDS):
            kind = kind_of(error.__new__(error))
            assert rows[kind.slug][0] == str(kind.status)
            assert all(rows[kind.slug])


def subclasses(above: type[ConsentError]) -> Iterator[type[ConsentError]]:
    """Yield the whole tree of errors below this one."""
    for below in above.__subclasses__():
        yield below
        yield from subclasses(below)


def test_every_law_and_every_section_is_on_its_page() -> None:
    laws = [row for row in cells(f"{REFERENCE}/jurisdictions.md") if len(row) == 6]
    for row in ROWS:
        assert [f"`{row.code}`", row.name, row.valid_from.isoformat()] in [law[:3] for law in laws]
    sections = {row[0]: row[1] for row in cells(f"{REFERENCE}/gpp-sections.md") if len(row) == 7}
    for section in SECTIONS:
        assert sections[str(section.id)] == f"`{section.name}`"


@pytest.mark.parametrize("page", sorted(RENDERED))
def test_a_generated_page_says_how_it_is_written_again(page: str) -> None:
    assert "make reference" in read(page) or page == "docs/rules.md"


def test_a_row_without_words_is_an_error_and_so_are_words_without_a_row() -> None:
    words_for("page", {"one"}, {"one": ""})
    with pytest.raises(KeyError, match="two"):
        words_for("page", {"one", "two"}, {"one": ""})
    with pytest.raises(KeyError, match="three"):
        words_for("page", {"one"}, {"one": "", "three": ""})


def test_a_bar_in_a_cell_ends_no_column() -> None:
    assert table(("name",), [("`a|b`",)]).splitlines()[-1] == r"| `a\|b` |"
