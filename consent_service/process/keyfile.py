"""The key ring's file: made, rotated and listed by operators. A new one is its owner's alone; rotated, it is replaced
whole and keeps owner, group and mode.

Knows the ring and the file, not who signs with it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from consent_service.errors import ConfigError, Fault, KeyRingInvalid
from consent_service.identity.keys import (
    SECRET_BYTES,
    VERIFY_AFTER_RETIREMENT,
    KeyRing,
    SigningKey,
    decode_ring,
    encode_ring,
    new_ring,
    rotate,
)
from consent_service.store.fsync import sync_folder


class KeyLine(NamedTuple):
    """One key as operators see it: no secret, no part of one."""

    number: int
    created: str
    retired: str
    state: str


def make(file: Path, now: int) -> None:
    """Write a new ring of one key. Raises ConfigError when the file is there: a lost ring can't be made again."""
    ring = new_ring(now, secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SECRET_BYTES))
    with _errors(file), _written(file, ring) as fresh:
        os.link(fresh, file)  # unlike a rename, refuses to overwrite


def rotate_file(file: Path, now: int) -> SigningKey:
    """Retire the current key and add a new one, which is returned. Two rotations at once wait for each other.

    A symbolic link stays, and the file that it leads to is replaced. Raises ConfigError.
    """
    place = file.resolve()
    with _errors(file), _folder(place.parent) as folder:
        fcntl.flock(folder, fcntl.LOCK_EX)  # not the file: that is about to be another one
        ring = rotate(read(place), now, secrets.token_bytes(SECRET_BYTES))
        with _written(place, ring) as fresh:
            _keep_access(place, fresh)
            fresh.replace(place)
    return ring.current


def read(file: Path) -> KeyRing:
    """The file's ring. Raises ConfigError."""
    with _errors(file):
        return decode_ring(file.read_text(encoding="ascii"))


def listing(ring: KeyRing, now: int) -> list[KeyLine]:
    """The ring's keys, oldest to newest."""
    return [
        KeyLine(key.number, _day(key.created_at), _day(key.retired_at), _state(key, now)) for key in ring.keys
    ]


def _state(key: SigningKey, now: int) -> str:
    if key.retired_at is None:
        return "signs"
    until = _day(key.retired_at + VERIFY_AFTER_RETIREMENT)
    return f"verifies until {until}" if key.verifies(now) else f"refused since {until}"


def _day(at: int | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()


@contextmanager
def _written(file: Path, ring: KeyRing) -> Iterator[Path]:
    """The ring in a file beside this one, on disk and readable by its owner alone; gone on the way out."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(encode_ring(ring))
            out.flush()
            os.fsync(out.fileno())
        yield fresh
        sync_folder(file.parent)
    finally:
        fresh.unlink(missing_ok=True)


def _keep_access(before: Path, fresh: Path) -> None:
    """Let the same users read the new file: owner, group, mode, list of access. Raises ConfigError."""
    owner = before.stat()
    try:
        os.chown(fresh, owner.st_uid, owner.st_gid)
    except PermissionError:
        said = f"belongs to user {owner.st_uid} and group {owner.st_gid}: rotate it as that user or as root, or the "
        raise ConfigError((Fault(str(before), 0, f"{said}service may not read the new file"),)) from None
    shutil.copystat(before, fresh)  # after the owner: until then only we read it
    os.utime(fresh)  # copied too, but copies that go by time must see a new file


@contextmanager
def _folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _errors(file: Path) -> Iterator[None]:
    """Turn what can go wrong with the file into one sentence that never quotes it."""
    try:
        yield
    except FileExistsError:
        raise ConfigError(
            (Fault(str(file), 0, "is there already; `keys rotate` adds a key to it"),)
        ) from None
    except FileNotFoundError:
        message = "is not there, or its folder is not; `keys new` makes a key ring"
        raise ConfigError((Fault(str(file), 0, message),)) from None
    except OSError as error:
        raise ConfigError((Fault(str(file), 0, f"{error.strerror}"),)) from None
    except UnicodeDecodeError:
        raise ConfigError((Fault(str(file), 0, "is not a key ring"),)) from None
    except KeyRingInvalid as error:
        raise ConfigError((Fault(str(file), 0, str(error)),)) from None
