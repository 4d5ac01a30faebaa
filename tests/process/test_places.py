"""Messages to operators about a store, an archive, keys and backups that lie in memory."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent_service.store.mounts import MountKind, mount_of
from tests.cli.test_main import Command, command
from tests.process.test_moved import _keys, _made
from tests.support.configuration import consent_toml, write_config
from tests.support.service import serving

__all__ = ["_keys", "command"]


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder of this machine that lies in memory."""
    mount = mount_of(Path("/dev/shm"))
    if mount is None or mount.kind is not MountKind.MEMORY:
        pytest.skip("this machine has no /dev/shm in memory")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_a_store_in_memory_is_a_fault_to_the_doctor_and_said_by_check(
    command: Command, tmp_path: Path, memory: Path
) -> None:
    write_config(tmp_path, consent_toml(memory))
    asyncio.run(_made(f"sqlite:///{memory}/consent.db"))
    ended = command("doctor")
    assert ended.status == 1
    assert "fault  place: " in ended.out
    assert "lies in memory: it is gone when this machine starts again (tmpfs)" in ended.out
    assert "each choice is on the disk" not in ended.out
    assert "on a disk of this machine" not in ended.out
    checked = command("check")
    assert checked.status == 0
    assert f"service.store: {memory}/consent.db lies in memory" in checked.out
    write_config(tmp_path, consent_toml(memory, more='durability = "relaxed"'))
    assert "hint   place: " in command("doctor").out


def test_check_and_doctor_report_an_archive_and_keys_that_lie_in_memory(
    command: Command, tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path, consent_toml(tmp_path, more=f'[ledger]\narchive = "{memory}"'))
    (memory / "keys.json").write_bytes((tmp_path / "keys.json").read_bytes())
    monkeypatch.setenv("CONSENT_KEYS_FILE", str(memory / "keys.json"))
    said = command("doctor").out
    assert f"fault  archive: {memory} lies in memory" in said
    assert f"hint   keys: the key ring {memory}/keys.json lies in memory" in said


def test_a_backup_into_memory_is_written_with_a_warning(
    command: Command, tmp_path: Path, memory: Path
) -> None:
    asyncio.run(_made(f"sqlite:///{tmp_path}/consent.db"))
    ended = command("backup", str(memory / "saved.db"))
    assert ended.status == 0
    assert f"{memory}/saved.db lies in memory" in ended.err


def test_serve_says_in_its_log_that_a_store_in_memory_does_not_last(memory: Path, free_port: int) -> None:
    """It serves all the same: trials and tests run there."""
    with serving(memory, consent_toml(memory, free_port), free_port) as service:
        (line,) = service.logged("store may not last")
    assert f"{memory}/consent.db lies in memory" in line["reason"]
