"""Whatever the system refuses a command is one sentence with its cause, and status 1; never a traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.configuration import consent_toml, write_config
from tests.support.service import CLI


def refused(folder: Path, *arguments: str, output: str = os.devnull) -> str:
    """The text on standard error."""
    env = os.environ | write_config(folder, consent_toml(folder))
    with Path(output).open("wb") as standard_output:
        ended = subprocess.run(
            [*CLI, *arguments],
            cwd=folder,
            env=env,
            stdout=standard_output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1, ended.stderr
    return ended.stderr.strip()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (".", ".: Is a directory"),
        ("none/script.js", "none/script.js: No such file or directory"),
        ("/dev/full", "reading or writing failed: No space left on device"),
    ],
)
def test_a_script_that_can_t_be_written_is_one_sentence_with_the_cause(
    tmp_path: Path, target: str, said: str
) -> None:
    assert refused(tmp_path, "snippet", "acme", "--self-host", target) == said


@pytest.mark.parametrize("command", [["doctor"], ["check"], ["snippet", "acme"]], ids=" ".join)
def test_an_output_that_can_t_be_written_is_one_sentence_with_the_cause(
    tmp_path: Path, command: list[str]
) -> None:
    said = refused(tmp_path, *command, output="/dev/full")
    assert said == "reading or writing failed: No space left on device"


def test_a_file_that_holds_no_keys_is_named(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    said = refused(tmp_path, "ledger", "verify", "archive", "--key", "consent.toml")
    assert said.startswith("consent.toml: not a set of public keys")


def test_a_server_that_refuses_connections_is_one_sentence_with_the_cause(
    tmp_path: Path, free_port: int
) -> None:
    said = refused(tmp_path, "move", "--from", f"redis://127.0.0.1:{free_port}", "--to", "sqlite:///c.db")
    assert said == f"127.0.0.1:{free_port} can't be reached: Connection refused"
