"""Check of the times in an archive, by the verifier's clock and against one another. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from consent_service.ledger.tampering import ArchiveFault, Tampering

SKEW: Final = 3_600
"""Seconds by which the clocks of two machines may differ."""
EARLIEST: Final = 1_735_689_600
"""2025-01-01: before there was this service, nothing was recorded or sealed."""


class ClockCheck(NamedTuple):
    """Clock of the verifier, in Unix seconds. Without one (None) no time is checked."""

    now: int | None = None

    def check_time(
        self,
        name: str,
        at: int,
        subject: str,
        earliest: tuple[int, str] = (0, ""),
        latest: tuple[int, str] | None = None,
    ) -> Iterator[ArchiveFault]:
        """Name a time that can't be true: `subject` tells which of the object's.

        It lies between `earliest` and `latest`, give or take the skew; each is a time and what it belongs to.
        """
        if self.now is None:
            return
        if at < EARLIEST:
            why = "which is before the service existed"
        elif at > self.now + SKEW:
            why = f"which lies ahead of this machine's clock ({time_text(self.now)})"
        elif at < earliest[0] - SKEW:
            why = f"which is before {earliest[1]} ({time_text(earliest[0])})"
        elif latest is not None and at > latest[0] + SKEW:
            why = f"which is after {latest[1]} ({time_text(latest[0])})"
        else:
            return
        yield ArchiveFault(Tampering.TIME_WRONG, name, f"{subject} is {time_text(at)}, {why}")


def time_text(at: int) -> str:
    """Return the time in UTC, or the number itself if no calendar has it."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(at)
