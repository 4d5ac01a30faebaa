"""The archive: the final store of sealed segments, in a folder or any object store.

Blocking: callers on an event loop use a thread. An object is durable once `put` returns. It is there whole or
not at all, and a second `put` replaces it. The archive may hold files of strangers: only regular files of the
folder itself are read, and no more bytes than the caller allows. Knows nothing of the contents of objects.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote

from consent_service.errors import ArchiveUnavailable, ObjectUnfit
from consent_service.store.causes import cause_of, without_secrets
from consent_service.store.fsync import sync_folder

if TYPE_CHECKING:
    from obstore.store import ObjectStore


MOST_BYTES: Final = 1 << 28
"""Of any object; the largest segment has a fraction of it."""


class Archive(Protocol):
    """Store of whole objects by name.

    Every method raises ArchiveUnavailable; `get` raises ObjectUnfit for an object of more than `most` bytes.
    """

    def put(self, name: str, data: bytes) -> None:
        """Store the object durably, in place of an older one of this
        name.
        """

    def get(self, name: str, most: int = MOST_BYTES) -> bytes | None:
        """Return the object's bytes, or None if
        there is none.
        """

    def delete(self, name: str) -> None:
        """Delete the object, if there is one."""

    def names(self) -> list[str]:
        """Return the names of all objects, sorted."""


def open_archive(place: str) -> Archive:
    """Return the archive in a folder or an object store.

    The place is a path or a URL (`s3://`, `gs://`, `az://`, …; needs the extra `archive`). Raises
    ArchiveUnavailable.
    """
    if place.startswith("file:///"):  # not by the store's library, which would follow every link
        return FolderArchive(Path(unquote(place.removeprefix("file://"))))
    if "://" not in place:
        return FolderArchive(Path(place))
    try:
        from obstore.store import from_url
    except ImportError as error:
        raise ArchiveUnavailable(
            f"{without_secrets(place)}: object stores need an extra: pip install 'consent-service[archive]'"
        ) from error
    with _as_archive_errors(place):
        return ObjectArchive(from_url(place), without_secrets(place))


def trouble_with(place: str) -> str:
    """Return why this place can't be an archive, as far as can be told without writing; "" if it can."""
    try:
        archive = open_archive(place)
    except ArchiveUnavailable as error:
        return str(error)
    if not isinstance(archive, FolderArchive):
        return ""
    return archive.describe_trouble()


class FolderArchive:
    """Archive in a folder. The folder must exist: a missing mount must not be filled beneath."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        """Write the object durably under a temporary name, then rename it."""
        with _as_archive_errors(str(self._folder)):
            self._require_folder()
            file = self._folder / name
            self._make_folder(file.parent)
            temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
            try:
                with temporary.open("xb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
                temporary.replace(file)
            finally:
                temporary.unlink(missing_ok=True)
            sync_folder(file.parent)

    def get(self, name: str, most: int = MOST_BYTES) -> bytes | None:
        """Return the object's bytes, or None. Only regular files are read, and no link is followed."""
        with _as_archive_errors(str(self._folder)):
            try:
                descriptor = _open_regular_file(self._folder, name)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as file:
                _refuse_oversized(name, os.fstat(descriptor).st_size, most)
                return file.read(most)

    def delete(self, name: str) -> None:
        """Delete the object, if there is one, durably."""
        with _as_archive_errors(str(self._folder)):
            file = self._folder / name
            file.unlink(missing_ok=True)
            if file.parent.is_dir():
                sync_folder(file.parent)

    def names(self) -> list[str]:
        """Return the name of every file. No link is followed.

        Raises ArchiveUnavailable for a folder that can't be read; `rglob` would skip it.
        """
        with _as_archive_errors(str(self._folder)):
            self._require_folder()
            names, folders = list[str](), [""]
            while folders:
                above = folders.pop()
                with os.scandir(self._folder / above) as entries:
                    for entry in entries:
                        name = f"{above}{entry.name}"
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(f"{name}/")
                        else:
                            names.append(name)
            return sorted(names)

    def describe_trouble(self) -> str:
        """Return why this user can't write here; "" if they can."""
        if not self._folder.is_dir():
            return f"{self._folder}: the archive's folder is not there"
        may = os.access(self._folder, os.W_OK | os.X_OK)
        return "" if may else f"{self._folder}: this user can't write to the archive's folder"

    def _require_folder(self) -> None:
        if not self._folder.is_dir():
            raise ArchiveUnavailable(f"{self._folder}: the archive's folder is not there")

    def _make_folder(self, folder: Path) -> None:
        """Create the folder and its parents, each durable in its own parent."""
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


class ObjectArchive:
    """Archive in any object store that obstore supports."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store = store
        self._name = name

    def put(self, name: str, data: bytes) -> None:
        """Store the object."""
        with _as_archive_errors(self._name):
            self._store.put(name, data)

    def get(self, name: str, most: int = MOST_BYTES) -> bytes | None:
        """Return the object's bytes, or None."""
        with _as_archive_errors(self._name):
            try:
                stored = self._store.get(name)
            except FileNotFoundError:
                return None
            _refuse_oversized(name, stored.meta["size"], most)
            return bytes(stored.bytes())

    def delete(self, name: str) -> None:
        """Delete the object, if there is one."""
        with _as_archive_errors(self._name):
            try:
                self._store.delete(name)
            except FileNotFoundError:
                return

    def names(self) -> list[str]:
        """Return the names of all objects, sorted."""
        with _as_archive_errors(self._name):
            return sorted(metadata["path"] for page in self._store.list() for metadata in page)


@contextmanager
def _as_archive_errors(place: str) -> Iterator[None]:
    """Turn every error of the system or of a store's driver into ArchiveUnavailable."""
    try:
        yield
    except ArchiveUnavailable:
        raise
    except Exception as error:  # obstore has an error class for each store's own reasons
        file = f": {error.filename}" if isinstance(error, OSError) and error.filename else ""
        raise ArchiveUnavailable(
            f"{without_secrets(place)}: the archive failed: {cause_of(error)}{file}"
        ) from error


def _refuse_oversized(name: str, size: int, most: int) -> None:
    if size > most:
        raise ObjectUnfit(name, f"has {size} bytes; the limit is {most}")


def _open_regular_file(folder: Path, name: str) -> int:
    """Return a file descriptor, opened without following links; opening a pipe does not wait for its writer."""
    *above, last = name.split("/")
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in above:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        if not stat.S_ISREG(os.stat(last, dir_fd=at, follow_symlinks=False).st_mode):
            raise ObjectUnfit(name, "is no regular file")
        return os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ObjectUnfit(name, "is reached by a link") from error
        raise
    finally:
        os.close(at)
