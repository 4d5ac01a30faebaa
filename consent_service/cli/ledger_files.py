"""Files of the ledger's commands: public keys and checkpoints to read, exports to write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

from consent_service.errors import IdentityError, KeyRingInvalid, LedgerError
from consent_service.identity.signatures import PublicKeys, decode_jwks
from consent_service.ledger.checkpoints import Checkpoint, open_checkpoint

_LARGEST: Final = 4 << 20
"""Bytes of a file: no set of keys and no checkpoint is as large."""


def read_public_keys(file: Path) -> PublicKeys:
    """Return the public keys in a JWKS file. Raises KeyRingInvalid, LedgerError."""
    try:
        return decode_jwks(_read_small(file))
    except KeyRingInvalid as error:
        raise KeyRingInvalid(f"{file}: {error}") from error


def read_checkpoint(file: Path, keys: PublicKeys | None) -> Checkpoint:
    """Return the checkpoint in a file, read as strictly as those in the archive. Raises LedgerError."""
    try:
        return open_checkpoint(_read_small(file), keys)
    except (IdentityError, LedgerError) as error:
        raise LedgerError(
            f"{file}: the checkpoint {error}; copy checkpoint files from the archive byte by byte"
        ) from error


def create_file(file: Path) -> BinaryIO:
    """Create and return a new file that only its owner can read. Raises LedgerError."""
    try:
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise LedgerError(f"{file} exists already: name a new file") from None
    except OSError as error:
        raise LedgerError(f"{file}: can't be written: {os.strerror(error.errno or 0)}") from None


def _read_small(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError as error:
        raise LedgerError(f"{file}: can't be read: {os.strerror(error.errno or 0)}") from None
    if len(data) > _LARGEST:
        raise LedgerError(
            f"{file}: has more than {_LARGEST} bytes; no set of keys and no checkpoint is as large"
        )
    return data
