"""The run folder: files from the supervisor to its children, readable by this user only.

It holds the validated configuration and key ring, so that every worker runs under the same ones until the
next reload, whatever happens to the originals; the mark that says "draining"; and the metrics' shared files.
It lies in memory if the machine has such a place, and is removed with the supervisor.
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

from consent_service.config import Config, parse_config
from consent_service.config.loader import KEYS, SECRETS, STORE
from consent_service.errors import CannotStart
from consent_service.identity.key_ring import KeyRing, encode_ring
from consent_service.web.health import DRAINING

_PREFIX: Final = f"consent-service-{os.getuid()}-"
_METRICS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One supervisor's run folder."""

    path: Path

    @property
    def metrics_folder(self) -> Path:
        """Folder in which prometheus_client keeps the processes' counts."""
        return self.path / "metrics"

    def write_config(self, text: str, ring: KeyRing) -> None:
        """Replace the configuration, already validated. Raises CannotStart."""
        try:
            _replace_file(self.path / "keys.json", encode_ring(ring))
            _replace_file(self.path / "consent.toml", text)
        except OSError as error:
            raise CannotStart(f"{self.path}: can't be written: {error.strerror}. Free some space") from error

    def read_config(self, env: Mapping[str, str]) -> Config:
        """Return the configuration that was written, as a child reads it under `child_env`."""
        return parse_config((self.path / "consent.toml").read_text(encoding="utf-8"), env)

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
        """Make `/readyz` fail from now on. Raises CannotStart."""
        try:
            (self.path / DRAINING).touch()
        except OSError as error:
            raise CannotStart(f"{self.path}: can't be written: {error.strerror}") from error

    def child_env(self, env: Mapping[str, str], config: Config) -> dict[str, str]:
        """Return the children's environment: this folder's keys and the resolved store in place of the
        originals.
        """
        child_variables = {
            name: value for name, value in env.items() if name.removesuffix("_FILE") not in SECRETS
        }
        keys = {f"{KEYS}_FILE": str(self.path / "keys.json"), STORE: config.service.store}
        return child_variables | keys | {_METRICS_VARIABLE: str(self.metrics_folder)}


@contextmanager
def make_run_folder(env: Mapping[str, str]) -> Iterator[RunFolder]:
    """Yield a fresh run folder, removed at the end. First remove those of killed supervisors.

    Raises CannotStart if no place takes one.
    """
    path = _make_empty_folder(env)
    lock = _lock_folder(path)
    try:
        yield RunFolder(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _make_empty_folder(env: Mapping[str, str]) -> Path:
    """Return an empty run folder in the first place that takes one. Raises CannotStart with each place's
    reason.
    """
    troubles = dict[str, str]()
    for place in _candidate_folders(env):
        for leftover in Path(place).glob(f"{_PREFIX}*"):
            _remove_unless_held(leftover)
        try:
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        except OSError as error:
            troubles[place] = str(error.strerror)
            continue
        try:
            RunFolder(path).metrics_folder.mkdir()
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


def _candidate_folders(env: Mapping[str, str]) -> Iterator[str]:
    """Yield the places to try. Memory first: systemd's folder of the service, the user's, the shared one;
    then disk.
    """
    yield from filter(None, (env.get("RUNTIME_DIRECTORY"), env.get("XDG_RUNTIME_DIR"), "/dev/shm"))  # noqa: S108
    with suppress(FileNotFoundError):  # no place at all, says Python
        yield tempfile.gettempdir()


def _lock_folder(path: Path) -> int:
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
        descriptor = _lock_folder(path)
        if os.fstat(descriptor).st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def _replace_file(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
