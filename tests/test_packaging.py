"""The wheel is whole: what it carries, and that it finds its own files where no checkout is near."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once by the locked backend."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked, as an installer does."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed: Path, *arguments: str) -> str:
    """Return the output of a Python that sees only the unpacked wheel and the locked packages."""
    command = [sys.executable, *arguments]
    environment = {"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=installed, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def test_the_wheel_carries_every_template_and_the_built_widget(installed: Path) -> None:
    data = installed / "consent_service" / "_data"
    widget = ROOT / "widget"
    for carried, source in (
        ("templates", ROOT / "templates"),
        ("widget", widget / "dist"),
        ("gtm", widget / "gtm"),
    ):
        wanted = {str(file.relative_to(source)) for file in source.rglob("*") if file.is_file()}
        assert wanted
        assert {
            str(f.relative_to(data / carried)) for f in (data / carried).rglob("*") if f.is_file()
        } == wanted


def test_the_wheel_carries_the_package_and_nothing_beside_it(installed: Path) -> None:
    tops = {path.name for path in installed.iterdir()}
    assert {name.split("-")[0] for name in tops} == {"consent_service"}
    modules = {path.relative_to(ROOT) for path in (ROOT / "consent_service").rglob("*.py")}
    assert {path.relative_to(installed) for path in installed.rglob("*.py")} == modules


def test_the_wheel_names_its_command_and_its_licence(installed: Path) -> None:
    (metadata,) = installed.glob("*.dist-info")
    assert "consent-service = consent_service.cli.main:main" in (metadata / "entry_points.txt").read_text()
    assert (metadata / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_an_installed_package_finds_its_files_without_a_checkout(installed: Path) -> None:
    script = "from consent_service import resources as r; print(r.templates_folder(), r.widget_folder())"
    data = installed / "consent_service" / "_data"
    assert python(installed, "-c", script).split() == [str(data / "templates"), str(data / "widget")]


def test_an_installed_package_has_a_command_that_explains_itself(installed: Path) -> None:
    assert "serve" in python(installed, "-c", "from consent_service.cli.main import main; main(['--help'])")


def test_the_wheel_carries_the_scripts_that_redis_runs(installed: Path) -> None:
    lua = Path("consent_service/store/redis/lua")
    carried = {file.name: file.read_bytes() for file in (installed / lua).iterdir()}
    assert carried == {file.name: file.read_bytes() for file in (ROOT / lua).iterdir()}
