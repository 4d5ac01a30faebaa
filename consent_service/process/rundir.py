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
from consent_service.errors import CannotStart
from consent_service.identity.keys import KeyRing, encode_ring
from consent_service.web.health import DRAINING

_PREFIX: Final = f"consent-service-{os.getuid()}-"
_METRICS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class RunDir:
    """One supervisor's run folder."""

    path: Path

    @property
    def metrics(self) -> Path:
        """Folder in which prometheus_client keeps the processes' counts."""
        return self.path / "metrics"

    def write(self, text: str, ring: KeyRing) -> None:
        """Put this configuration, already validated, in the place of the one before. Raises CannotStart."""
        try:
            _replace(self.path / "keys.json", encode_ring(ring))
            _replace(self.path / "consent.toml", text)
        except OSError as error:
            raise CannotStart(f"{self.path}: can't be written: {error.strerror}. Free some of it") from error

    def read(self, env: Mapping[str, str]) -> Config:
        """The configuration that was written, as a child reads it under `child_env`."""
        return load((self.path / "consent.toml").read_text(encoding="utf-8"), env)

    @contextmanager
    def worker_ready(self, pid: int) -> Iterator[None]:
        """Leave word, for as long as the context lasts, that this web worker can serve."""
        mark = self._mark_of(pid)
        mark.touch()
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)

    def is_worker_ready(self, pid: int) -> bool:
        """Return True while that web worker can serve."""
        return self._mark_of(pid).exists()

    def _mark_of(self, pid: int) -> Path:
        return self.path / f"worker-{pid}"

    def mark_draining(self) -> None:
        """From here on `/readyz` fails. Raises CannotStart."""
        try:
            (self.path / DRAINING).touch()
        except OSError as error:
            raise CannotStart(f"{self.path}: can't be written: {error.strerror}") from error

    def child_env(self, env: Mapping[str, str], config: Config) -> dict[str, str]:
        """The children's environment: this folder's keys and the store as resolved, in place of the originals."""
        ours = {name: value for name, value in env.items() if name.removesuffix("_FILE") not in SECRETS}
        keys = {f"{KEYS}_FILE": str(self.path / "keys.json"), STORE: config.service.store}
        return ours | keys | {_METRICS_VARIABLE: str(self.metrics)}


@contextmanager
def run_dir(env: Mapping[str, str]) -> Iterator[RunDir]:
    """A fresh run folder, removed on the way out. First removes those that killed supervisors left behind.

    Raises CannotStart when no place takes one.
    """
    path = _made(env)
    held = _held(path)
    try:
        yield RunDir(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def _made(env: Mapping[str, str]) -> Path:
    """An empty run folder in the first place that takes one. Raises CannotStart with what each place said."""
    troubles = dict[str, str]()
    for place in _places(env):
        for leftover in Path(place).glob(f"{_PREFIX}*"):
            _remove_unless_held(leftover)
        try:
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        except OSError as error:
            troubles[place] = str(error.strerror)
            continue
        try:
            RunDir(path).metrics.mkdir()
        except OSError as error:
            troubles[place] = str(error.strerror)
            shutil.rmtree(path, ignore_errors=True)
            continue
        return path
    tried = "; ".join(f"{place}: {trouble}" for place, trouble in troubles.items())
    raise CannotStart(
        f"no folder takes the files of a running service ({tried}). Name a writable one, in memory where there is "
        "one, in RUNTIME_DIRECTORY"
    )


def _places(env: Mapping[str, str]) -> Iterator[str]:
    """Memory first: the folder that systemd makes for a service, the user's, the shared one; else the disk."""
    yield from filter(None, (env.get("RUNTIME_DIRECTORY"), env.get("XDG_RUNTIME_DIR"), "/dev/shm"))  # noqa: S108
    with suppress(FileNotFoundError):  # no place at all, says Python
        yield tempfile.gettempdir()


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
