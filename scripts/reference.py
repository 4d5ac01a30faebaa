"""Reference pages: the parts of `docs/` that are made from the code, written by `make reference`."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

from consent_service.config import reference as configuration

ROOT: Final = Path(__file__).resolve().parent.parent
_RULE: Final = re.compile(r"^ *(?:async )?def test_rule_(\d+)_", re.MULTILINE)
_TESTS: Final = "Tests: "


def pages() -> dict[Path, str]:
    """Return the text of each page by its path."""
    rules = ROOT / "docs" / "rules.md"
    return {
        ROOT / "docs" / "reference" / "configuration.md": configuration.render_reference(),
        rules: with_tests(rules.read_text("utf-8"), tests_of_rules()),
    }


def tests_of_rules() -> dict[int, Counter[str]]:
    """Return, for each rule, the test files that name it, and how many tests in each do."""
    naming: dict[int, Counter[str]] = {number: Counter() for number in range(1, 13)}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in _RULE.findall(path.read_text("utf-8")):
            naming[int(number)][str(path.relative_to(ROOT))] += 1
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


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
