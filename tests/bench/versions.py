"""Another version of the service: its files as of a commit, and an environment of its own with what it locks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench.documents import ROOT


def command_of(revision: str, folder: Path) -> str:
    """Build the service as of this revision in a new folder, and return its `consent-service`.

    The commit's own set-up makes the environment, so that it gets the packages that it locked.
    """
    folder.mkdir()
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "--format=tar", revision], check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=packed, check=True)
    python = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([python, str(folder / "scripts" / "setup.py"), "demo"], check=True)
    return str(folder / ".venv" / "bin" / "consent-service")
