"""Key files: made once, rotated whole, listed without secrets."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from consent_service.errors import ConfigError
from consent_service.identity.key_ring import encode_ring
from consent_service.process import key_file

NOW = 1_795_341_600
DAY = 86_400
NOBODY, ANOTHER = 65_534, 65_533
ROTATE_AS_ANOTHER = """\
import os, sys
from pathlib import Path
from consent_service.process.key_file import read_key_file, rotate_file
read_key_file(Path(sys.argv[1]))  # loads all that the other user may not be allowed to load
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
rotate_file(Path(sys.argv[1]), int(sys.argv[3]))
"""
LIST_OF_ACCESS = struct.pack(
    "<I" + "HHI" * 5,
    2,  # the version of the kernel's form; then tag, rights and id of: owner, a user, group, mask, others
    *(0x01, 6, 0xFFFFFFFF),
    *(0x02, 4, NOBODY),
    *(0x04, 0, 0xFFFFFFFF),
    *(0x10, 4, 0xFFFFFFFF),
    *(0x20, 0, 0xFFFFFFFF),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "keys.json"
    key_file.make_key_file(made, NOW)
    return made


def test_a_new_file_holds_one_key_and_only_its_owner_reads_it(file: Path) -> None:
    assert [key.number for key in key_file.read_key_file(file).keys] == [1]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_new_files_never_hold_the_same_secrets(tmp_path: Path, file: Path) -> None:
    key_file.make_key_file(tmp_path / "other.json", NOW)
    first, second = key_file.read_key_file(file), key_file.read_key_file(tmp_path / "other.json")
    assert first.current_key.secret != second.current_key.secret
    assert first.hashing_key != second.hashing_key
    assert first.hashing_key != first.current_key.secret


def test_a_file_that_is_there_is_never_overwritten(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="exists already"):
        key_file.make_key_file(file, NOW)
    assert file.read_bytes() == before


def test_rotating_adds_a_key_that_signs_and_keeps_mode_and_hashing_key(file: Path) -> None:
    before = key_file.read_key_file(file)
    assert key_file.rotate_file(file, NOW + DAY).number == 2
    after = key_file.read_key_file(file)
    assert after.hashing_key == before.hashing_key
    assert [key.retired_at for key in after.keys] == [NOW + DAY, None]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o660])
def test_rotating_keeps_the_mode_that_lets_the_service_s_group_read_the_file(file: Path, mode: int) -> None:
    file.chmod(mode)
    key_file.rotate_file(file, NOW + DAY)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_rotating_as_root_keeps_owner_group_and_list_of_access(file: Path) -> None:
    os.chown(file, NOBODY, ANOTHER)
    file.chmod(0o640)
    os.setxattr(file, "system.posix_acl_access", LIST_OF_ACCESS)
    key_file.rotate_file(file, NOW + DAY)
    after = file.stat()
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (NOBODY, ANOTHER, 0o640)
    assert os.getxattr(file, "system.posix_acl_access") == LIST_OF_ACCESS


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_rotating_by_another_user_than_the_owner_is_refused_and_changes_nothing() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        file = Path(folder, "keys.json")
        key_file.make_key_file(file, NOW)
        Path(folder).chmod(0o777)
        file.chmod(0o644)
        before = file.read_bytes()
        command = [sys.executable, "-c", ROTATE_AS_ANOTHER, str(file), str(NOBODY), str(NOW)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "rotate it as that user or as root" in done.stderr
        assert file.read_bytes() == before
        assert list(Path(folder).iterdir()) == [file]


def test_rotating_through_a_link_replaces_the_file_that_it_leads_to(tmp_path: Path, file: Path) -> None:
    link = tmp_path / "etc" / "keys.json"
    link.parent.mkdir()
    link.symlink_to(file)
    key_file.rotate_file(link, NOW + DAY)
    assert link.is_symlink()
    assert [key.number for key in key_file.read_key_file(file).keys] == [1, 2]


def test_rotations_at_the_same_time_lose_no_key(file: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: key_file.rotate_file(file, NOW).number, range(8)))
    assert sorted(numbers) == list(range(2, 10))
    assert len(key_file.read_key_file(file).keys) == 9


def test_nothing_is_left_beside_the_file(file: Path) -> None:
    key_file.rotate_file(file, NOW)
    with pytest.raises(ConfigError):
        key_file.make_key_file(file, NOW)
    assert list(file.parent.iterdir()) == [file]


def test_the_list_says_what_each_key_does_and_shows_no_secret(file: Path) -> None:
    key_file.rotate_file(file, NOW)
    key_file.rotate_file(file, NOW + 10 * DAY)
    lines = key_file.list_keys(key_file.read_key_file(file), NOW + 401 * DAY)
    assert [line.state for line in lines] == [
        "refused since 2027-12-27",
        "verifies until 2028-01-06",
        "signs",
    ]
    assert lines[0][:3] == (1, "2026-11-22", "2026-11-22")
    text = encode_ring(key_file.read_key_file(file))
    assert not [field for line in lines for field in line if len(str(field)) > 8 and f'"{field}' in text]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"{}", "missing required field"), (b"secret\xff", "not a key ring"), (b"secret", "JSON")],
)
def test_a_file_that_is_no_key_ring_is_refused_without_quoting_it(
    file: Path, content: bytes, says: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=says) as caught:
        key_file.read_key_file(file)
    assert "secret" not in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    for use in (key_file.read_key_file, lambda file: key_file.rotate_file(file, NOW)):
        with pytest.raises(ConfigError, match="keys new"):
            use(tmp_path / "none.json")
    with pytest.raises(ConfigError, match="its folder does not"):
        key_file.make_key_file(tmp_path / "no" / "keys.json", NOW)


def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        key_file.read_key_file(tmp_path)
