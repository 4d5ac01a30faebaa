"""Ids: random ones, drawn from the system in bulk.

Asking the system lets go of the interpreter's lock, which a busy store's thread is slow to give back; so many are
drawn at once. They are as random as one by one.
"""

from __future__ import annotations

import os
import uuid
from typing import Final

_DRAWN: Final = 256
_BYTES: Final = 16


class RandomIds:
    """Random 128-bit ids, each given out once."""

    def __init__(self) -> None:
        self._drawn = b""
        self._at = 0

    def next(self) -> uuid.UUID:
        """A fresh version 4 UUID."""
        return uuid.UUID(bytes=self.draw(), version=4)

    def draw(self) -> bytes:
        """16 fresh random bytes."""
        if self._at >= len(self._drawn):
            self._drawn = os.urandom(_DRAWN * _BYTES)
            self._at = 0
        at, self._at = self._at, self._at + _BYTES
        return self._drawn[at : at + _BYTES]
