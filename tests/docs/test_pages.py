"""The pages hang together: links lead somewhere, commands and targets are there, generated parts are the code's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from plain_words import long_winded_pages, paragraph_lengths
from reference import RENDERED
from typer.testing import CliRunner

from consent_service.cli.main import app as command_line
from tests.docs.pages import ROOT, anchors, commands, links, paths, read

README_BYTES = 6 * 1024
PACKAGE = ROOT / "consent_service"
ROOMS = (PACKAGE, PACKAGE / "web", ROOT / "tests", ROOT)
MODULE = re.compile(
    r"`((?:consent_service|tests|"
    + "|".join(sorted(room.name for room in PACKAGE.iterdir() if room.name.isalpha() and room.is_dir()))
    + r")/[a-z_/]+(?:\.py)?)`"
)


@pytest.mark.parametrize("page", paths())
def test_every_link_leads_to_a_file_and_every_fragment_to_a_heading(page: str) -> None:
    for link in links(page):
        target, _, fragment = link.partition("#")
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), link
        if fragment:
            assert fragment in anchors(str(path.resolve().relative_to(ROOT))), link


def test_links_lead_from_the_readme_to_every_page() -> None:
    reached = ["README.md"]
    for page in reached:
        found = (ROOT / page).parent
        targets = [(found / link.partition("#")[0]).resolve() for link in links(page)]
        reached += {
            name
            for target in targets
            if target.suffix == ".md" and (name := str(target.relative_to(ROOT))) not in reached
        }
    assert set(paths()) - set(reached) == set()


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", *paths()])
def test_every_module_that_a_page_names_is_there(page: str) -> None:
    missing = [
        name
        for name in MODULE.findall(read(page))
        if not any((folder / f"{name}{ending}").exists() for folder in ROOMS for ending in ("", ".py"))
    ]
    assert missing == []


def test_the_readme_is_at_most_six_kilobytes() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= README_BYTES


@pytest.mark.parametrize("page", paths())
def test_no_paragraph_is_longer_than_a_screen(page: str) -> None:
    assert max(paragraph_lengths(read(page)), default=0) <= 120


def test_a_paragraph_counts_right_below_its_heading_and_each_item_of_a_list_for_itself() -> None:
    page = (
        "# One\ntwo words\n\n- three more words\n- [one](two-words.md)\n\n| a | table |\n\n```sh\ncode\n```\n"
    )
    assert paragraph_lengths(page) == [2, 4, 2]


def test_a_page_with_long_paragraphs_is_found(tmp_path: Path) -> None:
    (tmp_path / "short.md").write_text("# Short\n" + "word " * 40, encoding="utf-8")
    (tmp_path / "long.md").write_text("# Long\n" + "word " * 41, encoding="utf-8")
    assert long_winded_pages(tmp_path) == [tmp_path / "long.md"]


RECIPES = read("CONTRIBUTING.md").partition("\n## Three recipes\n")[2].partition("\n## ")[0]
FILES = re.findall(r"`((?:consent_service|widget|tests|docs)/\S+)`", RECIPES)


@pytest.mark.parametrize("recipe", RECIPES.split("\n### ")[1:], ids=lambda recipe: recipe.partition("\n")[0])
def test_a_recipe_needs_three_source_files_at_most_and_names_its_tests(recipe: str) -> None:
    steps = re.findall(r"^\d\. `(?:consent_service|widget/src)/\S+`: ", recipe, re.MULTILINE)
    assert 0 < len(steps) <= 3
    assert len(steps) == len(re.findall(r"^\d+\. ", recipe, re.MULTILINE)), "a step opens with its file"
    assert re.search(r"^Tests: `(?:tests|widget/test)/", recipe, re.MULTILINE)


@pytest.mark.parametrize("file", FILES)
def test_every_file_that_a_recipe_names_is_there(file: str) -> None:
    """A file that is to be written is named `NAME`: its folder is there."""
    path = ROOT / file
    assert path.parent.is_dir() if "NAME" in path.stem else path.is_file()


@pytest.mark.parametrize(("file", "table"), re.findall(r"`(consent_service/\S+)`: a row of `(\w+)`", RECIPES))
def test_every_table_that_a_recipe_names_is_in_its_file(file: str, table: str) -> None:
    assert re.search(rf"^{table}: Final", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_map_names_every_room() -> None:
    page = read("ARCHITECTURE.md")
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert {room for room in rooms if f"| `{room}/`" not in page} <= {"cli"}, "which stands beside app.py"


@pytest.mark.parametrize("command", commands())
def test_every_command_is_there_with_its_options(command: str) -> None:
    words = shlex.split(command)
    ended = CliRunner().invoke(command_line, [*words, "--help"])
    assert ended.exit_code == 0, ended.output
    assert words[0] == "--version" or words[0] in ended.output.split("Usage: ")[1].splitlines()[0]


def test_the_commands_are_read_from_the_pages() -> None:
    assert {"keys new keys.json", "keys rotate FILE", "backup FILE", "restore FILE"} <= set(commands())
    assert "demo --port 9000 --shop-port 9001" in commands()


def test_every_make_target_is_there() -> None:
    named: set[str] = set()
    for page in paths():
        named |= set(re.findall(r"(?:`|^)make (\w+)(?=`| +#| DEMO=| TESTS=)", read(page), re.MULTILINE))
    there = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test", "check"} <= named <= there


@pytest.mark.parametrize("page", sorted(RENDERED))
def test_the_page_is_what_the_code_makes(page: str) -> None:
    assert read(page) == RENDERED[page](), "write it again: make reference"


def test_every_rule_has_a_test_that_names_it() -> None:
    rules = read("docs/rules.md").split("\n## ")[1:]
    assert [int(rule.partition(".")[0]) for rule in rules] == list(range(1, 13))
    for rule in rules:
        assert re.search(r"^Tests: `tests/\S+` \(\d+\)", rule, re.MULTILINE), rule.splitlines()[0]


def test_no_rule_is_cited_that_is_not_on_the_page() -> None:
    cited = {
        int(number)
        for folder in ("consent_service", "tests", "widget/src")
        for path in (ROOT / folder).rglob("*.[pt][ys]")
        for number in re.findall(r"\b[Rr]ule (\d+)\b", path.read_text(encoding="utf-8"))
    }
    assert {1, 2, 3} <= cited <= set(range(1, 13))
