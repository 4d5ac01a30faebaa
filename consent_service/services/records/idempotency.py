"""Idempotency keys: a call that is sent again with the same key gets its first outcome again.

The key is the `id` in a call's body. Its mark lies beside the visitor's record and is written in the call's own
commit: a call that committed nothing leaves none. Servers of several versions read each other's marks. Touches no
store.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from consent_service.errors import (
    ConfirmationInvalid,
    IdempotencyKeyReused,
    ParentalConsentRequired,
    RequestError,
)

MARK_SECONDS: Final = 30 * 86_400
"""Seconds for which a key is remembered: a queued opt-out may come that late."""


class IdempotencyKey(NamedTuple):
    """Key of a call that may be sent again. `digest`: of the choice in it, so that the key serves no other choice."""

    id: bytes
    digest: bytes


class Receipt(msgspec.Struct, frozen=True):
    """Visitor's proof of an entry: its id, its time (Unix seconds), and SHA-256 of its canonical bytes.

    In drafts and marks `id` is the entry's own; the `id` that callers get names the entry's place, too.
    """

    id: str
    at: int
    digest: str


class CallOutcome(IntEnum):
    """Outcome of a call. The numbers are stored in marks: add new ones, never renumber.

    `KEY_REUSED` is in no mark: the mark is that of the call that used the key first.
    """

    RECORDED = 1
    WAITS = 2
    PARENT_REQUIRED = 3
    CONFIRMATION_DEAD = 4
    KEY_REUSED = 5


_REFUSALS: Final[dict[CallOutcome, tuple[type[RequestError], str]]] = {
    CallOutcome.PARENT_REQUIRED: (
        ParentalConsentRequired,
        "at this age only a parent or guardian can opt in",
    ),
    CallOutcome.CONFIRMATION_DEAD: (
        ConfirmationInvalid,
        "something changed since this page was made; make the choice again",
    ),
    CallOutcome.KEY_REUSED: (
        IdempotencyKeyReused,
        "this id was used before for something else; make a new id for a new choice",
    ),
}


def refusal(outcome: CallOutcome) -> RequestError:
    """Return a new error for this refusal. Raises KeyError for an outcome that is no refusal."""
    kind, message = _REFUSALS[outcome]
    return kind(message)


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Stored mark of a key. `digest`: of the choice; `receipt`: None if the call was refused.

    `outcome`: a `CallOutcome`; 0 in marks of versions that did not store it. `to_confirm`: the packed choice that
    waits for the second step. `overtaken`: the call's own commit held a later change, so that no second step may
    confirm it.
    """

    digest: bytes
    receipt: Receipt | None
    outcome: int = 0
    to_confirm: bytes = b""
    overtaken: bool = False

    @property
    def known_outcome(self) -> CallOutcome | None:
        """The outcome; None if an older version did not store it, or a newer one stored one unknown here."""
        return _OUTCOMES.get(self.outcome)


_OUTCOMES: Final = {int(outcome): outcome for outcome in CallOutcome}
