"""Each decision has a page of one shape, and the index lists them all in order."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, read

PAGES = sorted(f"docs/adr/{path.name}" for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
PARTS = ["Context", "Decision", "Considered and left", "Consequences"]


@pytest.mark.parametrize("page", PAGES)
def test_a_decision_has_its_number_and_four_parts(page: str) -> None:
    [title] = re.findall(r"^# (\d+)\. .+$", read(page), re.MULTILINE)
    assert page.startswith(f"docs/adr/{int(title):04d}-")
    assert re.findall(r"^## (.*)$", read(page), re.MULTILINE) == PARTS


def test_the_numbers_have_no_gap() -> None:
    assert [int(page[9:13]) for page in PAGES] == list(range(1, len(PAGES) + 1))


def test_the_index_lists_every_decision_by_its_title() -> None:
    titles = [(read(page).splitlines()[0].removeprefix("# "), page.rpartition("/")[2]) for page in PAGES]
    assert re.findall(r"^- \[(.*)\]\((.*)\)$", read("docs/adr/index.md"), re.MULTILINE) == titles
