"""Outage log: the reasons why the store or the archive could not serve, each once, not once for each call.

A reason that lasts is logged again every minute, with the number of calls that met it since. Reasons name servers,
files and shards; they hold no secret and no personal data (`store.causes`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import structlog

from consent_service.errors import StoreError

_AGAIN: Final = 60.0
"""Seconds after which the same reason is logged again."""
_MOST: Final = 64
"""Reasons remembered. Numbers in them are ignored, so that each shard does not make a reason of its own."""
_NUMBER: Final = re.compile(r"\d+")

_log = structlog.get_logger("consent_service")


class OutageLog:
    """Logger of reasons. `count` gets the class name of each store error; `timer` gives monotonic seconds."""

    def __init__(self, count: Callable[[str], None], timer: Callable[[], float]) -> None:
        self._count = count
        self._timer = timer
        self._seen: dict[tuple[str, str], _Seen] = {}

    def note(self, error: Exception) -> None:
        """Count an answer that failed because of this error, and log the reason."""
        if isinstance(error, StoreError):
            self._count(type(error).__name__)
        self.log(error)

    def log(self, error: Exception) -> None:
        """Log the reason of an error that no answer failed of, unless the same was logged within a minute."""
        now, kind, reason = self._timer(), type(error).__name__, reason_of(error)
        key = (kind, _NUMBER.sub("#", reason))
        seen = self._seen.pop(key, None)
        if seen is not None and now - seen.logged_at < _AGAIN:
            seen.met += 1
        else:
            met = 1 if seen is None else seen.met + 1
            _log.warning("store_error", error=kind, reason=reason, met=met)
            seen = _Seen(now)
        self._seen[key] = seen
        if len(self._seen) > _MOST:
            del self._seen[next(iter(self._seen))]


class _Seen:
    """A reason: the time it was logged last, and how often it occurred since."""

    __slots__ = ("logged_at", "met")

    def __init__(self, logged_at: float) -> None:
        self.logged_at = logged_at
        self.met = 0


def reason_of(error: Exception) -> str:
    """Return the error as a sentence for an operator."""
    if isinstance(error, TimeoutError):
        return "the store did not answer in time"
    return str(error) or type(error).__name__
