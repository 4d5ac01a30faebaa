"""Times as the public contract writes them: RFC 3339, UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=64)
def rfc3339(at: int) -> str:
    """Unix seconds as `2026-11-22T10:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
