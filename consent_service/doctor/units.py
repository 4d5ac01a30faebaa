"""Sizes, dates and durations as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_SPANS: Final = ((172_800, 86_400, "days"), (7_200, 3_600, "hours"), (120, 60, "minutes"))


def size_text(count: float) -> str:
    """Return bytes in the unit that fits: `1.5 GiB`."""
    unit = 0
    while count >= 1024 and unit < len(_UNITS) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:.1f} {_UNITS[unit]}" if unit else f"{count:.0f} bytes"


def day_text(at: int) -> str:
    """Return Unix seconds as a date, UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def duration_text(seconds: float) -> str:
    """Return a duration in the unit that fits: `3 hours`."""
    for least, unit, name in _SPANS:
        if seconds >= least:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:g} s"
