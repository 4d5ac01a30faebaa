"""Clock: the time that a test sets, and the moment at which tests begin."""

from __future__ import annotations

from typing import Final

START: Final = 1_795_341_600
"""2026-11-22T10:00:00Z, in Unix seconds."""


class Clock:
    """Unix seconds that only tests move."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
