"""The page of the rules: its words are written by hand, and each rule's line of tests is made from the tests."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

PAGE: Final = "docs/rules.md"
_RULE: Final = re.compile(r"^ *(?:async )?def test_rule_(\d+)_", re.MULTILINE)
_TESTS: Final = "Tests: "


def render(root: Path) -> str:
    """Return the page with the tests that there are now."""
    return with_tests((root / PAGE).read_text("utf-8"), tests_of_rules(root))


def tests_of_rules(root: Path) -> dict[int, Counter[str]]:
    """Return, for each rule, the test files that name it, and how many tests in each do."""
    naming: dict[int, Counter[str]] = {number: Counter() for number in range(1, 13)}
    for path in sorted((root / "tests").rglob("test_*.py")):
        for number in _RULE.findall(path.read_text("utf-8")):
            naming[int(number)][str(path.relative_to(root))] += 1
    return naming


def with_tests(page: str, naming: dict[int, Counter[str]]) -> str:
    """Return the page of the rules with a line of tests at the end of each rule."""
    head, *rules = page.split("\n## ")
    listed = [head]
    for rule in rules:
        number = int(rule.partition(".")[0])
        files = ", ".join(f"`{path}` ({count})" for path, count in naming[number].items())
        listed.append(f"{rule.partition(_TESTS)[0].rstrip()}\n\n{_TESTS}{files}.\n")
    return "\n## ".join(listed)
