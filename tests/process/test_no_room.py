"""A machine on which nothing can be written: a sentence that says which folders were tried, and no traceback."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from consent_service.errors import CannotStart
from consent_service.process.run_folder import RunFolder, make_run_folder
from tests.support.configuration import RING, consent_toml, write_config
from tests.support.service import CLI

NAMESPACE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
READ_ONLY = """
set -e
for place in /var/tmp /dev/shm; do mount -t tmpfs -o ro none "$place"; done
for place in /tmp {folder}; do mount --bind "$place" "$place"; mount -o remount,bind,ro "$place"; done
mount -t tmpfs none {data}
cd {folder}
exec "$@"
"""


def elsewhere(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the command where nothing but the store's folder can be written."""
    if not shutil.which("unshare") or subprocess.run([*NAMESPACE, "true"], check=False).returncode:
        pytest.skip("this machine has no namespaces for users")
    data = folder / "data"
    data.mkdir()
    script = READ_ONLY.format(folder=shlex.quote(str(folder)), data=shlex.quote(str(data)))
    clean = {name: value for name, value in os.environ.items() if name not in {"RUNTIME_DIRECTORY", "TMPDIR"}}
    return subprocess.run(
        [*NAMESPACE, "sh", "-c", script, "sh", *command],
        env=clean | {"CONSENT_KEYS_FILE": str(folder / "keys.json"), "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_serve_says_that_no_folder_can_be_written(tmp_path: Path, free_port: int) -> None:
    write_config(tmp_path, consent_toml(tmp_path / "data", free_port))
    ended = elsewhere(tmp_path, *CLI, "serve")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "no folder takes the files of a running service" in ended.stderr
    assert f"{tmp_path}: Read-only file system" in ended.stderr
    assert "/dev/shm: Read-only file system" in ended.stderr
    assert "RUNTIME_DIRECTORY" in ended.stderr


def test_check_of_a_page_says_that_no_folder_can_be_written(tmp_path: Path, free_port: int) -> None:
    if not shutil.which("chromium"):
        pytest.skip("no Chromium on the PATH")
    write_config(tmp_path, consent_toml(tmp_path / "data", free_port))
    ended = elsewhere(tmp_path, *CLI, "check", "--url", "https://shop.example.com")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "Chromium needs a temporary folder" in ended.stderr


def test_a_place_that_takes_nothing_is_passed_over(tmp_path: Path) -> None:
    env = {"RUNTIME_DIRECTORY": str(tmp_path / "missing"), "XDG_RUNTIME_DIR": str(tmp_path)}
    with make_run_folder(env) as ours:
        assert ours.path.parent == tmp_path


def test_a_run_folder_that_is_gone_is_said_in_words(tmp_path: Path) -> None:
    gone = RunFolder(tmp_path / "gone")
    with pytest.raises(CannotStart, match="gone: can't be written: No such file or directory"):
        gone.write_config("", RING)
    with pytest.raises(CannotStart, match="gone: can't be written: No such file or directory"):
        gone.mark_draining()
