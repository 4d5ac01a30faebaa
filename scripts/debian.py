"""Debian's packages, brought without starting a daemon; the one program that `setup.py` runs as root.

Knows apt and `policy-rc.d`, nothing of this project. Standard library only.
Usage, as root: python3 scripts/debian.py PACKAGE...
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

POLICY = Path("/usr/sbin/policy-rc.d")
FORBIDDEN = 101  # invoke-rc.d's word for "this may not be started"
OURS = "#!/bin/sh\n# temporary, while make test installs packages: they start no daemon\nexit 101\n"
APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300")


class Signals:
    """Signals that came while apt was at work. It may end its step first: half-installed packages help nobody."""

    def __init__(self) -> None:
        self.caught: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.catch)

    def catch(self, signum: int, frame: FrameType | None) -> None:
        """Remember, and go on waiting; from a terminal apt got the same signal."""
        self.caught.append(signum)

    def obey(self) -> None:
        """Leave now if a signal asked for it."""
        if self.caught:
            raise SystemExit(128 + self.caught[0])


def install(packages: list[str], signals: Signals, policy: Path = POLICY) -> None:
    """Install `packages` without recommends and without starting what they bring; root only."""
    install_all = [*APT, "install", "--yes", "--no-install-recommends", *packages]
    with daemons_forbidden(policy):
        # A run that was cut short may have left packages unpacked but not set up.
        succeeds(["dpkg", "--configure", "-a"], signals)
        if succeeds(install_all, signals):
            return
        # No package lists yet, or lists that name files the mirror has replaced.
        succeeds([*APT, "update"], signals)
        if not succeeds(install_all, signals):
            raise SystemExit("apt could not install the packages; what it says stands above")


def succeeds(command: list[str], signals: Signals) -> bool:
    """Return True if the command ended well; leave instead when a signal came meanwhile."""
    done = subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False)
    signals.obey()
    return done.returncode == 0


@contextlib.contextmanager
def daemons_forbidden(policy: Path) -> Iterator[None]:
    """While inside, `invoke-rc.d` starts nothing. A policy that somebody else set stays as it is."""
    if policy.exists() and not left_behind(policy):
        require_forbidding(policy)
        yield
        return
    write_atomically(policy)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def left_behind(policy: Path = POLICY) -> bool:
    """Return True if the policy there is ours, from a run that was killed before it could remove it."""
    return policy.exists() and policy.read_text(errors="replace") == OURS


def require_forbidding(policy: Path) -> None:
    """Stop when the administrator's own policy would let a daemon start."""
    answer = subprocess.run([str(policy), "redis-server", "start"], check=False).returncode
    if answer != FORBIDDEN:
        raise SystemExit(f"{policy} lets packages start daemons: install the packages by hand")


def write_atomically(policy: Path) -> None:
    """Never a half-written policy, not even for the moment of writing; ours from a killed run is replaced."""
    draft = policy.with_name(f".{policy.name}.{os.getpid()}")
    draft.write_text(OURS)
    draft.chmod(0o755)
    draft.replace(policy)


def way_to_root() -> list[str] | None:
    """The prefix that runs a command as root without asking for a password; None where there is no way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    silent = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if silent.returncode == 0 else None


def line_to_run(packages: list[str]) -> str:
    """Return the command that a person types, on one line."""
    names = " ".join(packages)
    line = f"apt-get update && apt-get install --no-install-recommends {names}"
    if os.geteuid() == 0:
        return line
    return f"sudo sh -c '{line}'" if shutil.which("sudo") else f"su -c '{line}'"


if __name__ == "__main__":
    install(sys.argv[1:], Signals())
