"""Times that others wrote, as evidence: text in, a moment out. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_LEAP_SECOND: Final = re.compile(r"(?<=[T ]\d\d:\d\d:)60")


def read_time(text: str) -> datetime:
    """Return the moment that this RFC 3339 text names, with its own offset. Raises ValueError.

    A time without an offset is taken for UTC. A leap second (RFC 3339 section 5.7) is taken for the second before
    it, because no clock of this service counts one.
    """
    time = datetime.fromisoformat(_LEAP_SECOND.sub("59", text.upper()))
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
