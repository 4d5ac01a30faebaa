"""fsync: the calls that make files, and the names of files, survive a crash of the machine."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    _sync_descriptor(folder, os.O_DIRECTORY)


def sync_file(path: Path) -> None:
    """Make a closed file's contents durable. Raises OSError."""
    _sync_descriptor(path, 0)


def _sync_descriptor(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
