"""The run folder: what the supervisor tells its children, in files that only this user can read.

It holds the validated configuration and key ring, so that every worker runs under the same ones until the next
reload, whatever happens to the originals; the mark that says "draining"; and the metrics' shared files. It lies
in memory where the machine has such a place, and goes when the supervisor goes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consent_service.config import Config, load
from consent_service.config.loading import KEYS, SECRETS, STORE
from consent_service.identity.keys import KeyRing, encode_ring
from consent_service.web.operations import DRAINING

_PREFIX: Final = f"consent-service-{os.getuid()}-"
_METRICS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class RunDir:
    """One supervisor's run folder."""

    path: Path

    @property
    def metrics(self) -> Path:
        """Where prometheus_client keeps what the processes count."""
        return self.path / "metrics"

    def write(self, text: str, ring: KeyRing) -> None:
        """Put this configuration, already validated, in the place of the one before."""
        _replace(self.path / "keys.json", encode_ring(ring))
        _replace(self.path / "consent.toml", text)

    def read(self, env: Mapping[str, str]) -> Config:
        """The configuration that was written, as a child reads it under `child_env`."""
        return load((self.path / "consent.toml").read_text(encoding="utf-8"), env)

    def mark_draining(self) -> None:
        """From here on `/readyz` fails."""
        (self.path / DRAINING).touch()

    def child_env(self, env: Mapping[str, str], config: Config) -> dict[str, str]:
        """The children's environment: this folder's keys and the store as resolved, in place of the originals."""
        ours = {name: value for name, value in env.items() if name.removesuffix("_FILE") not in SECRETS}
        keys = {f"{KEYS}_FILE": str(self.path / "keys.json"), STORE: config.service.store}
        return ours | keys | {_METRICS_VARIABLE: str(self.metrics)}


@contextmanager
def run_dir(env: Mapping[str, str]) -> Iterator[RunDir]:
    """A fresh run folder, removed on the way out. First removes those that killed supervisors left behind."""
    parent = _parent(env)
    for leftover in parent.glob(f"{_PREFIX}*"):
        _remove_unless_held(leftover)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    held = _held(path)
    try:
        ours = RunDir(path)
        ours.metrics.mkdir()
        yield ours
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def _parent(env: Mapping[str, str]) -> Path:
    """Memory first: the folder that systemd makes for a service, the user's, the shared one; else the disk."""
    candidates = (env.get("RUNTIME_DIRECTORY"), env.get("XDG_RUNTIME_DIR"), "/dev/shm")  # noqa: S108
    for candidate in filter(None, candidates):
        if os.access(candidate, os.W_OK | os.X_OK):
            return Path(candidate)
    return Path(tempfile.gettempdir())


def _held(path: Path) -> int:
    """Lock the folder for as long as the returned descriptor is open: the sign that its supervisor lives."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_unless_held(path: Path) -> None:
    with suppress(OSError):  # somebody else's, or its supervisor lives
        descriptor = _held(path)
        if os.fstat(descriptor).st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
