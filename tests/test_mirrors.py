"""Every module is proved in a mirror of its own, or where mirrors.toml says; each folder says what it proves."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

TESTS: Final = Path(__file__).parent
PACKAGE: Final = TESTS.parent / "consent_service"
OWN_FOLDER: Final = "_"


def modules() -> set[str]:
    """Return the path of every module of the package, below it and without its ending."""
    paths = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return {path.as_posix() for path in paths if path.name != "__init__"}


def mirror_of(module: str) -> Path:
    """Return the test file that mirrors a module."""
    path = Path(module)
    return TESTS / path.parent / f"test_{path.name}.py"


def lines(table: dict[str, Any], room: str = "") -> Iterator[tuple[str, str]]:
    """Yield each module that the table names, and the place where it is proved."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from lines(value, "" if name == OWN_FOLDER else f"{room}{name}/")
        else:
            yield f"{room}{name}", value


ELSEWHERE: Final = dict(lines(tomllib.loads((TESTS / "mirrors.toml").read_text("utf-8"))))


def test_every_module_has_a_mirror_or_a_line_that_names_where_it_is_proved() -> None:
    assert {module for module in modules() if not mirror_of(module).exists()} == set(ELSEWHERE)


def test_every_place_that_a_line_names_holds_tests() -> None:
    assert [place for place in ELSEWHERE.values() if not holds_tests(TESTS / place)] == []


def test_every_folder_says_what_is_proved_in_it() -> None:
    silent = [
        folder.relative_to(TESTS).as_posix()
        for folder in {path.parent for path in TESTS.rglob("*.py")}
        if not ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    ]
    assert silent == []


def holds_tests(place: Path) -> bool:
    """Return True if tests stand in this file, or in a file of this folder."""
    files = [place] if place.is_file() else list(place.glob("test_*.py"))
    return any("def test_" in file.read_text("utf-8") for file in files)
