"""Times as text: those that others wrote, as evidence, and those of the public contract. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_LEAP_SECOND: Final = re.compile(r"(?<=[T ]\d\d:\d\d:)60")


def read_time(text: str) -> datetime:
    """Return the moment that this RFC 3339 text names, with its own offset. Raises ValueError.

    A time without an offset is taken for UTC. A leap second (RFC 3339 section 5.7) is taken for the second before
    it, because no clock of this service counts one.
    """
    time = datetime.fromisoformat(_LEAP_SECOND.sub("59", text.upper()))
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


@lru_cache(maxsize=64)
def rfc3339(at: int) -> str:
    """Return Unix seconds as RFC 3339 in UTC to the second, such as `2026-11-22T10:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
