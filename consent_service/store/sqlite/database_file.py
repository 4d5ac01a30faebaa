"""Database file: its neighbours and the checks before it is opened. No SQL here.

Beside `consent.db` lie SQLite's own `-wal` and `-shm`, and two empty files that are only locked:
`consent.db.lock` for the time of one group of commits, so that processes take turns, and `consent.db.open`,
shared by every process that has the store open, so that nobody restores over a running service. The database
itself is never locked by `flock` or opened for it: closing such a descriptor would drop SQLite's own locks.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from consent_service.errors import StoreLocked, StoreOnNetworkMount, StoreReadOnly, StoreUnavailable
from consent_service.store.fsync import sync_folder
from consent_service.store.mounts import MOUNTINFO, MountKind, mount_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRIVATE: Final = 0o600
_POLL_SECONDS: Final = 0.01


def check_place(path: Path, mountinfo: Path = MOUNTINFO) -> None:
    """Raise the StoreError that keeps a store from being opened or made at this absolute path."""
    folder = path.parent
    if not folder.is_dir():
        raise StoreUnavailable(f"the folder {folder} does not exist: create it, or name another one")
    if path.exists() and not path.is_file():
        raise StoreUnavailable(f"{path} is not a file: name one inside a folder")
    mount = mount_of(path, mountinfo)
    if mount is not None and mount.kind is MountKind.NETWORK:
        raise StoreOnNetworkMount(f"{path} lies on {mount.type}: put the store on a disk of this machine")
    for place in [folder, path] if path.exists() else [folder]:
        if not os.access(place, os.W_OK):
            raise StoreReadOnly(f"{place} can't be written: give this user write access to file and folder")


def create_file(path: Path) -> None:
    """Make the empty file for its owner alone, if it is missing, and its name durable."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE))
    sync_folder(path.parent)


def file_identity(path: Path) -> tuple[int, int]:
    """Return device and inode, which tell this file from another of its name. Raises StoreUnavailable when it is
    gone.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise StoreUnavailable(f"{path} was removed: stop the service, restore it, start again") from None
    return stat.st_dev, stat.st_ino


def check_same(path: Path, opened: tuple[int, int]) -> None:
    """Raise StoreUnavailable unless the name still leads to the file that was opened: SQLite would not notice."""
    if file_identity(path) != opened:
        raise StoreUnavailable(f"{path} was replaced while it was open: stop the service, start it again")


def lock_file(path: Path, suffix: str) -> int:
    """Open the file that is only locked, made when it is missing, and return its descriptor, not yet locked."""
    return os.open(
        path.with_name(path.name + suffix), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE
    )


def hold_open(path: Path, *, alone: bool = False) -> int:
    """Register as a holder of the open store (`alone`: as its only one) and return the descriptor to close at the
    end.

    Raises StoreLocked at once when the other kind of holder is there.
    """
    descriptor = lock_file(path, ".open")
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        message = "is open in a running service: stop it first" if alone else "is being restored: wait"
        raise StoreLocked(f"{path} {message}") from None
    return descriptor


@contextmanager
def writers_turn(path: Path, timeout: float) -> Iterator[None]:
    """Hold the writers' lock for the time of opening. Raises StoreLocked after `timeout` seconds."""
    descriptor = lock_file(path, ".lock")
    until = time.monotonic() + timeout
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise StoreLocked(f"another process holds {path}.lock: end it, or wait") from None
                time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)
