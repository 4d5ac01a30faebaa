"""The run folder: private, read as it was written, gone afterwards, and swept after a kill."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from consent_service.config import parse_config
from consent_service.process.run_folder import RunFolder, make_run_folder
from tests.support.configuration import RING, consent_toml, write_config


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir() if file.is_file()}


def test_only_its_user_can_read_the_run_folder_and_it_is_gone_afterwards(tmp_path: Path) -> None:
    with make_run_folder({"RUNTIME_DIRECTORY": str(tmp_path)}) as ours:
        ours.write_config(consent_toml(tmp_path), RING)
        assert ours.path.parent == tmp_path
        assert stat.S_IMODE(ours.path.stat().st_mode) == 0o700
        assert modes(ours.path) == {0o600}
        assert ours.metrics_folder.is_dir()
    assert not list(tmp_path.iterdir())


def test_a_child_reads_the_configuration_that_was_written_whatever_became_of_the_originals(
    tmp_path: Path,
) -> None:
    text = consent_toml(tmp_path)
    env = write_config(tmp_path, text) | {"CONSENT_STORE": "sqlite:////elsewhere.db", "PATH": "/bin"}
    config = parse_config(text, env)
    with make_run_folder({"XDG_RUNTIME_DIR": str(tmp_path)}) as ours:
        ours.write_config(text, RING)
        child_env = ours.child_env(env, config)
        (tmp_path / "keys.json").write_text("broken")
        assert ours.read_config(child_env) == config
        assert child_env["PATH"] == "/bin"
        assert child_env["PROMETHEUS_MULTIPROC_DIR"] == str(ours.metrics_folder)


def test_secrets_in_the_environment_reach_the_children_only_through_the_folder(tmp_path: Path) -> None:
    config = parse_config(consent_toml(tmp_path), {})
    child_env = RunFolder(tmp_path).child_env({"CONSENT_KEYS": "secret", "CONSENT_STORE_FILE": "/x"}, config)
    assert "CONSENT_KEYS" not in child_env
    assert "CONSENT_STORE_FILE" not in child_env
    assert child_env["CONSENT_STORE"] == config.service.store


def test_what_a_killed_supervisor_left_is_removed_and_what_a_living_one_holds_is_not(tmp_path: Path) -> None:
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    leftover = tmp_path / f"consent-service-{os.getuid()}-left"
    leftover.mkdir()
    (leftover / "keys.json").write_text("secret")
    (tmp_path / "something-else").mkdir()
    with make_run_folder(env) as living:
        assert not leftover.exists()
        with make_run_folder(env) as second:
            assert living.path.exists()
            assert second.path != living.path
    assert list(tmp_path.iterdir()) == [tmp_path / "something-else"]


def test_draining_is_a_file_that_the_web_workers_look_for(tmp_path: Path) -> None:
    RunFolder(tmp_path).mark_draining()
    assert list(tmp_path.iterdir()) == [tmp_path / "draining"]
