"""The set-up that runs before anything else: with rights and without, cut short and repeated.

Each test runs the real scripts in a copied checkout, with stand-ins for apt-get and sudo first on the path.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import debian
import pytest
import setup

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


class Machine:
    """A checkout and a path of commands that the test decides on."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.bin = folder / "bin"
        self.bin.mkdir()
        shutil.copytree(SCRIPTS, self.checkout / "scripts", ignore=shutil.ignore_patterns("__pycache__"))

    def command(self, name: str, script: str = "exit 0") -> None:
        """Put a command on the path."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def setup(self, target: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the set-up as a person who is not root; `env` is added to an environment of PATH alone."""
        script = (
            "import os, runpy, sys; os.geteuid = lambda: 1000; sys.path.insert(0, 'scripts'); "
            f"sys.argv[1:] = ['{target}']; runpy.run_path('scripts/setup.py', run_name='__main__')"
        )
        return subprocess.run(
            [sys.executable, "-c", script],
            cwd=self.checkout,
            env={"PATH": str(self.bin), **env},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with apt and nothing else that the tests need."""
    built = Machine(tmp_path)
    built.command("apt-get", 'echo "apt-get $*" >> "$0.log"; exit 1')
    built.command("nginx")  # it is looked for beside the path too, where this very machine may have it
    return built


def test_without_rights_one_line_is_printed_and_nothing_else_is_begun(machine: Machine) -> None:
    done = machine.setup("test")
    assert done.returncode != 0
    lines = [line.strip() for line in done.stderr.splitlines() if "apt-get install" in line]
    assert lines == [
        "su -c 'apt-get update && apt-get install --no-install-recommends "
        "redis-server chromium firefox-esr webkit2gtk-driver xvfb wrk strace nodejs ca-certificates npm'"
    ]
    assert not (machine.checkout / ".venv").exists()
    assert not (machine.bin / "apt-get.log").exists()


def test_what_only_the_long_runs_need_is_asked_for_by_them_alone(machine: Machine) -> None:
    for command in setup.DEBIAN_SOAK:
        assert command not in setup.DEBIAN
    for command in set(setup.DEBIAN_SOAK) - {"caddy", "promtool"}:
        machine.command(command)
    done = machine.setup("soak")
    assert "make soak needs packages" in done.stderr
    assert "apt-get install --no-install-recommends caddy prometheus'" in done.stderr


def test_with_a_sudo_that_asks_for_a_password_the_line_says_sudo(machine: Machine) -> None:
    machine.command("sudo", "exit 1")
    assert "    sudo sh -c 'apt-get update && apt-get install" in machine.setup("test").stderr


def test_only_what_is_missing_is_asked_for(machine: Machine) -> None:
    for command in set(setup.DEBIAN) - {"npm"}:
        machine.command(command)
    assert "--no-install-recommends npm ca-certificates'" in machine.setup("test").stderr


def test_with_every_command_there_apt_is_not_called(machine: Machine) -> None:
    for command in set(setup.DEBIAN) - {"node"}:
        machine.command(command)
    machine.command("node", "echo v12.22.0")
    done = machine.setup("test")
    assert "needs node 18 or newer" in done.stderr
    assert not (machine.bin / "apt-get.log").exists()


def test_without_apt_the_commands_are_named(machine: Machine) -> None:
    (machine.bin / "apt-get").unlink()
    missing = [command for command in setup.DEBIAN if not Path("/usr/sbin", command).exists()]
    assert ", ".join(missing) in machine.setup("test").stderr


def test_a_set_up_cut_short_is_done_again_and_a_finished_one_is_not(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    (machine.checkout / "widget" / "node_modules").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        (machine.checkout / "widget" / name).write_text("{}")
    for command in set(setup.DEBIAN) - {"node", "npm"}:
        machine.command(command)
    machine.command("node", "echo v20.0.0")
    machine.command("npm", 'echo "$*" >> "$0.log"; [ ! -e "$0.broken" ]')
    (machine.bin / "npm.broken").touch()
    assert "run make again" in machine.setup("test").stderr
    (machine.bin / "npm.broken").unlink()
    for _ in range(2):
        machine.setup("test")  # goes on to Python's packages, for which this checkout has no lock
    assert len((machine.bin / "npm.log").read_text().splitlines()) == 2
    (machine.checkout / "widget" / "package-lock.json").write_text('{"changed": true}')
    machine.setup("test")
    assert len((machine.bin / "npm.log").read_text().splitlines()) == 3


BACKEND = """
from pathlib import Path
from zipfile import ZipFile

FILES = {
    "METADATA": "Metadata-Version: 2.1\\nName: checkout\\nVersion: 1.0\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "RECORD": "",
}

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "checkout-1.0-py3-none-any.whl"
    with ZipFile(Path(wheel_directory, name), "w") as wheel:
        for file, text in FILES.items():
            wheel.writestr(f"checkout-1.0.dist-info/{file}", text)
    return name
"""


def write_wheel(folder: Path, name: str, version: str, module: str = "", requires: str = "") -> str:
    """Write a wheel of one module, and return its line for a lock."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: more\n"
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with ZipFile(file, "w") as wheel:
        wheel.writestr(f"{name}.py", module)
        wheel.writestr(f"{info}/METADATA", metadata + (f"Requires-Dist: {requires}\n" if requires else ""))
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


def test_what_was_published_after_the_lock_was_made_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    lock = [
        write_wheel(index, "measuring", "1.0"),
        write_wheel(index, "reporting", "1.0", requires="measuring[more]"),
        write_wheel(index, "backend", "1.0", BACKEND),
    ]
    write_wheel(index, "measuring", "2.0")
    (machine.checkout / "requirements").mkdir()
    (machine.checkout / "requirements" / "demo.txt").write_text("".join(lock))
    (machine.checkout / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["backend"]\nbuild-backend = "backend"\n'
        '[project]\nname = "checkout"\nversion = "1.0"\n'
    )
    done = machine.setup("demo", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(index), PIP_CONFIG_FILE=os.devnull)
    assert done.returncode == 0, done.stdout + done.stderr
    python = machine.checkout / ".venv" / "bin" / "python"
    version = "from importlib.metadata import version; print(version('measuring'))"
    assert (
        subprocess.run([python, "-c", version], capture_output=True, text=True, check=True).stdout == "1.0\n"
    )


def test_while_packages_are_installed_no_daemon_may_start(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with debian.daemons_forbidden(policy):
        assert subprocess.run([policy, "redis-server", "start"], check=False).returncode == debian.FORBIDDEN
    assert not policy.exists()


def test_the_policy_goes_even_when_the_installation_fails(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with pytest.raises(RuntimeError), debian.daemons_forbidden(policy):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_policy_that_a_killed_run_left_behind_goes_with_the_next(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    debian.write_atomically(policy)
    with debian.daemons_forbidden(policy):
        pass
    assert not policy.exists()


@pytest.mark.parametrize("code", [0, 101, 104])
def test_an_administrators_policy_stays_and_is_obeyed(tmp_path: Path, code: int) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text(text := f"#!/bin/sh\nexit {code}\n")
    policy.chmod(0o755)
    if code == debian.FORBIDDEN:
        with debian.daemons_forbidden(policy):
            pass
    else:
        with pytest.raises(SystemExit, match="by hand"), debian.daemons_forbidden(policy):
            pass
    assert policy.read_text() == text


@pytest.mark.parametrize(
    ("user", "sudo", "way"),
    [(0, "exit 1", []), (1000, "exit 0", ["sudo", "-n"]), (1000, "exit 1", None)],
    ids=["root", "sudo that does not ask", "sudo that asks"],
)
def test_the_way_to_root_never_asks_for_a_password(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, user: int, sudo: str, way: list[str] | None
) -> None:
    machine.command("sudo", sudo)
    monkeypatch.setenv("PATH", str(machine.bin))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert debian.way_to_root() == way
