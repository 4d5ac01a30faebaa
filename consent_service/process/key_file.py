"""The key ring's file: made, rotated and listed by operators.

A new file is readable by its owner only. A rotated one is replaced whole and keeps owner, group and mode.
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
from consent_service.identity.key_ring import (
    SECRET_BYTES,
    VERIFY_AFTER_RETIREMENT,
    KeyRing,
    SigningKey,
    decode_ring,
    encode_ring,
    new_ring,
    rotate_ring,
)
from consent_service.store.fsync import sync_folder


class KeyLine(NamedTuple):
    """One key as operators see it: no secret, no part of one."""

    number: int
    created: str
    retired: str
    state: str


def make_key_file(file: Path, now: int) -> None:
    """Write a new ring of one key. Raises ConfigError if the file exists: a lost ring can't be made again."""
    ring = new_ring(now, secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SECRET_BYTES))
    with _as_config_errors(file), _written_beside(file, ring) as temporary:
        os.link(temporary, file)  # unlike a rename, refuses to overwrite


def rotate_file(file: Path, now: int) -> SigningKey:
    """Retire the current key and add a new one, which is returned. Two rotations at once wait for each other.

    A symbolic link stays, and the file that it leads to is replaced. Raises ConfigError.
    """
    place = file.resolve()
    with _as_config_errors(file), _open_folder(place.parent) as folder:
        fcntl.flock(folder, fcntl.LOCK_EX)  # not the file: that is about to be another one
        ring = rotate_ring(read_key_file(place), now, secrets.token_bytes(SECRET_BYTES))
        with _written_beside(place, ring) as temporary:
            _keep_access(place, temporary)
            temporary.replace(place)
    return ring.current_key


def read_key_file(file: Path) -> KeyRing:
    """Return the file's ring. Raises ConfigError."""
    with _as_config_errors(file):
        return decode_ring(file.read_text(encoding="ascii"))


def list_keys(ring: KeyRing, now: int) -> list[KeyLine]:
    """Return the ring's keys, oldest to newest."""
    return [
        KeyLine(key.number, _day_text(key.created_at), _day_text(key.retired_at), _state_text(key, now))
        for key in ring.keys
    ]


def _state_text(key: SigningKey, now: int) -> str:
    if key.retired_at is None:
        return "signs"
    until = _day_text(key.retired_at + VERIFY_AFTER_RETIREMENT)
    return f"verifies until {until}" if key.is_honoured(now) else f"refused since {until}"


def _day_text(at: int | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()


@contextmanager
def _written_beside(file: Path, ring: KeyRing) -> Iterator[Path]:
    """Yield a temporary file beside this one that holds the ring, synced and readable by its owner alone."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(encode_ring(ring))
            out.flush()
            os.fsync(out.fileno())
        yield temporary
        sync_folder(file.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _keep_access(before: Path, temporary: Path) -> None:
    """Let the same users read the new file: owner, group, mode, list of access. Raises ConfigError."""
    owner = before.stat()
    try:
        os.chown(temporary, owner.st_uid, owner.st_gid)
    except PermissionError:
        reason = (
            f"belongs to user {owner.st_uid} and group {owner.st_gid}: rotate it as that user or as root, or the "
            "service may not read the new file"
        )
        raise ConfigError((Fault(str(before), 0, reason),)) from None
    shutil.copystat(before, temporary)  # after the owner: until then only we read it
    os.utime(temporary)  # copied too, but copies that go by time must see a new file


@contextmanager
def _open_folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _as_config_errors(file: Path) -> Iterator[None]:
    """Turn errors of the file into a ConfigError that never quotes its contents."""
    try:
        yield
    except FileExistsError:
        raise ConfigError((Fault(str(file), 0, "exists already; `keys rotate` adds a key to it"),)) from None
    except FileNotFoundError:
        message = "does not exist, or its folder does not; `keys new` makes a key ring"
        raise ConfigError((Fault(str(file), 0, message),)) from None
    except OSError as error:
        raise ConfigError((Fault(str(file), 0, f"{error.strerror}"),)) from None
    except UnicodeDecodeError:
        raise ConfigError((Fault(str(file), 0, "is not a key ring"),)) from None
    except KeyRingInvalid as error:
        raise ConfigError((Fault(str(file), 0, str(error)),)) from None
