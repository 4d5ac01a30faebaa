"""Holds the house to its arrows, bans and sizes by reading the source; imports nothing of the package."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "consent_service"
LONGEST_FILE = 350
LONGEST_FUNCTION = 45

PURE = ("domain", "identity", "codecs")
# What would give a pure room a clock, the environment, randomness or a way out.
BANNED_IN_PURE = frozenset(
    {
        *(
            "asyncio",
            "concurrent",
            "http",
            "logging",
            "os",
            "pathlib",
            "random",
            "secrets",
            "selectors",
            "shutil",
        ),
        *(
            "signal",
            "socket",
            "sqlite3",
            "ssl",
            "subprocess",
            "tempfile",
            "threading",
            "time",
            "urllib.request",
        ),
        *("anyio", "granian", "httpx2", "redis", "starlette", "structlog", "typer"),
    }
)
# Modules that do the same work in both engines of the store.
ENGINE_MODULES = frozenset(
    {"endpoints", "engine", "examiner", "faults", "invalidation", "registration", "scans"}
)
# Subjects that have one name on every floor.
SUBJECTS = frozenset({"snippet"})
# room -> rooms that it may import besides itself.
ARROWS: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "addresses": frozenset(),
    "resources": frozenset(),
    "public_contract": frozenset(),
    "texts": frozenset({"resources"}),
    "codecs": frozenset({"errors"}),
    "identity": frozenset({"errors"}),
    "domain": frozenset({"errors", "codecs", "identity"}),
    "store": frozenset({"errors"}),
    "config": frozenset({"errors", "addresses", "codecs", "identity", "domain", "texts"}),
    "inspection": frozenset({"errors", "config"}),
    "ledger": frozenset({"errors", "codecs", "identity", "domain", "store"}),
    "doctor": frozenset({"errors", "identity", "ledger", "store", "config"}),
    "services": frozenset(
        {"errors", "addresses", "codecs", "identity", "domain", "ledger", "store", "config", "texts"}
    ),
    "importing": frozenset({"errors", "identity", "domain", "ledger", "services", "store", "config"}),
    "web": frozenset(
        {
            "errors",
            "addresses",
            "codecs",
            "identity",
            "domain",
            "ledger",
            "store",
            "config",
            "services",
            "embed",
            "resources",
            "texts",
            "public_contract",
        }
    ),
    "embed": frozenset(
        {
            "errors",
            "addresses",
            "public_contract",
            "domain",
            "codecs",
            "config",
            "services",
            "store",
            "resources",
            "texts",
        }
    ),
}
SEE_EVERYTHING = frozenset(
    {
        "app",
        "cli",
        "process",
        "demo",
    }
    | {"__init__", "__main__"}
)


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """The path as the tests print it."""
    return str(path.relative_to(PACKAGE))


def room_of(path: Path) -> str:
    """The first folder below the package, or the module itself."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every dotted name that the module imports, wherever the import stands."""
    package = ["consent_service", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def own_rooms(path: Path) -> set[str]:
    """The rooms of ours that the module imports from."""
    ours = (name.split(".") for name in imports(path) if name.split(".")[0] == "consent_service")
    return {parts[1] for parts in ours if len(parts) > 1}


def tracked_files() -> list[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_what_its_room_may_see(path: Path) -> None:
    room = room_of(path)
    if room in SEE_EVERYTHING:
        return
    assert room in ARROWS, f"{room} has no row in ARROWS: say what it may see"
    assert own_rooms(path) - {room} <= ARROWS[room]


@pytest.mark.parametrize("path", [p for p in modules() if room_of(p) in PURE], ids=name_of)
def test_a_pure_room_has_no_clock_no_way_out_and_nothing_asynchronous(path: Path) -> None:
    assert not [
        name for name in imports(path) for banned in BANNED_IN_PURE if f"{name}.".startswith(f"{banned}.")
    ]
    asynchronous = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    nodes = ast.walk(ast.parse(path.read_text()))
    assert not [node.lineno for node in nodes if isinstance(node, asynchronous)]


@pytest.mark.parametrize("path", [p for p in modules() if room_of(p) in PURE], ids=name_of)
def test_a_pure_room_never_asks_what_time_it_is(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    asked = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
    assert not asked & {"now", "utcnow", "today", "getenv", "uuid1", "uuid4"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_says_what_lives_here_and_stays_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_FILE
    tree = ast.parse(text)
    assert not tree.body or ast.get_docstring(tree), "a module opens with one paragraph"
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    long = [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno >= LONGEST_FUNCTION]
    assert not long


def test_no_class_name_stands_for_two_things() -> None:
    places: dict[str, list[str]] = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name_of(path))
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_no_module_name_stands_for_two_things() -> None:
    places: dict[str, list[str]] = {}
    for path in modules():
        if path.name != "__init__.py":
            places.setdefault(path.stem, []).append(name_of(path))
    repeated = {stem: where for stem, where in places.items() if len(where) > 1}
    assert repeated.keys() == ENGINE_MODULES | SUBJECTS
    for stem in ENGINE_MODULES:
        assert repeated[stem] == [f"store/redis/{stem}.py", f"store/sqlite/{stem}.py"]


def test_no_file_names_a_package_registry() -> None:
    hosts = [
        "py" + "pi.org",
        "python" + "hosted.org",
        "npm" + "js.org",
        "npm" + "js.com",
        "yarn" + "pkg.com",
        "deb." + "debian.org",
    ]
    needles = [host.encode() for host in hosts]
    contents = {str(file.relative_to(ROOT)): file.read_bytes() for file in tracked_files()}
    assert not [name for name, content in contents.items() if any(needle in content for needle in needles)]


@pytest.mark.parametrize("folder", ["widget", "tests/bench/pages/peers", "tests/bench/services"])
def test_every_locked_npm_package_has_a_hash_and_no_address(folder: str) -> None:
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if "integrity" not in package]


@pytest.mark.parametrize("name", ["demo", "docs", "soak", "test"])
def test_every_locked_python_package_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    assert entries
    assert not [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
    assert "://" not in text
