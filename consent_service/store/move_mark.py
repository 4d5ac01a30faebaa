"""The mark that `move` leaves on its source: from then on the source takes no commit, and says where the store went.

The mark is a fence. It is durable before the copy can be opened, and every commit looks at it in the step in which
it writes, so no choice is acknowledged by the source that the copy lacks. The engines keep it in their own ways.
Knows no engine.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from consent_service.errors import StoreCorrupt, StoreMoved


class MoveMark(msgspec.Struct, frozen=True):
    """Destination (a URL without user and password) and time (Unix seconds) of a move."""

    to: str
    at: int

    def encode_mark(self) -> bytes:
        """Return the mark as JSON. Inverse of `decode_mark`."""
        return msgspec.json.encode(self)

    def moved_error(self, name: str) -> StoreMoved:
        """Return the error for somebody who wants to use the store `name` that bears this mark."""
        return StoreMoved(
            f"{name} was moved to {self.to} on {self.day_text}: set `store` to that URL. {self.way_back(name)}"
        )

    def way_back(self, name: str) -> str:
        """Return the sentence that tells how this store can serve again."""
        return (
            f"If that move was cut off, the same `move` finishes it. To come back, `move` from there to {name}; if "
            "nothing is left there, `backup` this store and `restore` it"
        )

    @property
    def day_text(self) -> str:
        """Return the time of the move for people, in UTC."""
        return f"{datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M} UTC"


def decode_mark(data: bytes | str, name: str) -> MoveMark:
    """Return the mark of the store `name`. Raises StoreCorrupt for anything else."""
    try:
        moved = msgspec.json.decode(data, type=MoveMark)
        datetime.fromtimestamp(moved.at, UTC)
    except (msgspec.MsgspecError, ValueError, OverflowError, OSError) as error:
        raise StoreCorrupt(f"the mark of a move on {name} is damaged: restore a backup") from error
    return moved
