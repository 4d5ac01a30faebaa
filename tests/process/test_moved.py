"""Messages to operators about a store that was moved away, at the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from consent_service.store.engines import open_store
from tests.cli.test_main import Command, command

__all__ = ["command"]


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setenv("CONSENT_KEYS_FILE", str(tmp_path / "keys.json"))


async def _made(url: str) -> None:
    await open_store(url).close()


@pytest.fixture
def moved(tmp_path: Path, command: Command) -> str:
    """The new place of the store that `consent.toml` names."""
    asyncio.run(_made(f"sqlite:///{tmp_path}/consent.db"))
    there = f"sqlite:///{tmp_path}/new.db"
    ended = command("move", "--from", f"sqlite:///{tmp_path}/consent.db", "--to", there)
    assert ended.status == 0
    assert "takes no more choices" in ended.out
    assert f'`store = "{there}"`' in ended.out
    return there


@pytest.mark.parametrize("part", ["serve", "work"])
def test_rule_5_nothing_serves_over_a_store_that_was_moved_and_the_new_place_is_named(
    command: Command, moved: str, part: str
) -> None:
    ended = command(part)
    assert ended.status == 1
    assert f"was moved to {moved}" in ended.err
    assert "`move` from there to" in ended.err
    assert ended.err.count("\n") == 1


def test_the_doctor_says_where_a_store_went_and_how_it_comes_back(command: Command, moved: str) -> None:
    ended = command("doctor")
    assert ended.status == 1
    assert f"consent.db was moved to {moved}" in ended.out
    assert f"-> Set `store` to {moved}." in ended.out
    assert "`backup` this store and `restore` it" in ended.out


def test_a_store_comes_back_by_the_same_command_the_other_way(
    command: Command, moved: str, tmp_path: Path
) -> None:
    back = command("move", "--from", moved, "--to", f"sqlite:///{tmp_path}/consent.db")
    assert (back.status, back.err) == (0, "")
    assert "was moved to" not in command("doctor").out
    assert len(list(tmp_path.glob("consent.db.before-*"))) == 1, "nothing is thrown away"


def test_where_the_new_place_is_lost_a_backup_of_the_old_one_is_restored_over_it(
    command: Command, moved: str, tmp_path: Path
) -> None:
    assert command("backup", "saved.db").status == 0
    restored = command("restore", "saved.db")
    assert restored.status == 0
    assert f"was moved to {moved}" in restored.err, "who was erased there since can't be known"
    assert "was moved to" not in command("doctor").out


def test_a_store_s_own_file_is_restored_only_when_somebody_says_so(command: Command, tmp_path: Path) -> None:
    asyncio.run(_made(f"sqlite:///{tmp_path}/mine.db"))
    refused = command("restore", "mine.db")
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "--unverified" in refused.err
    assert command("restore", "mine.db", "--unverified").status == 0


def test_a_refused_backup_is_one_sentence(command: Command, tmp_path: Path) -> None:
    for name, content in (("a", b""), ("b", b"something else"), ("c", b"consent-service store\n\0")):
        (tmp_path / name).write_bytes(content)
        refused = command("restore", name)
        assert (refused.status, refused.err.count("\n")) == (1, 1)
        assert f"{tmp_path}/{name} " in refused.err
