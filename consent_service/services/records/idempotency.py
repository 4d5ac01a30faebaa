"""Marks: what is remembered of a call's `id`, so that the same call comes to the same outcome again.

A mark lies beside the visitor's record and is written in the commit that the call made: a call that committed
nothing leaves none. Servers of several versions read each other's marks. Touches no store.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from consent_service.errors import (
    ConfirmationInvalid,
    ParentalConsentRequired,
    RequestError,
    RequestIdReused,
)

REQUEST_MARK_SECONDS: Final = 30 * 86_400
"""Seconds for which a request `id` is remembered: a queued opt-out may come that late."""


class Receipt(msgspec.Struct, frozen=True):
    """A visitor's proof of an entry: its id, when (Unix seconds), and SHA-256 of its canonical bytes.

    While it is drafted and in marks, `id` is the entry's own; what callers get also says where the entry is.
    """

    id: str
    at: int
    digest: str


class Outcome(IntEnum):
    """The outcome of a call. The numbers stand in marks: add, never renumber.

    `ID_REUSED` stands in none: the mark is that of the call that used the id first.
    """

    RECORDED = 1
    WAITS = 2
    PARENT_REQUIRED = 3
    CONFIRMATION_DEAD = 4
    ID_REUSED = 5


_REFUSALS: Final[dict[Outcome, tuple[type[RequestError], str]]] = {
    Outcome.PARENT_REQUIRED: (
        ParentalConsentRequired,
        "at this age only a parent or guardian can opt in",
    ),
    Outcome.CONFIRMATION_DEAD: (
        ConfirmationInvalid,
        "something changed since this page was made; make the choice again",
    ),
    Outcome.ID_REUSED: (
        RequestIdReused,
        "this id was used before for something else; make a new id for a new choice",
    ),
}


def refusal(outcome: Outcome) -> RequestError:
    """The error of a refused call, new each time. KeyError for an outcome that is no refusal."""
    kind, message = _REFUSALS[outcome]
    return kind(message)


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The mark of a request `id`. `asked`: a digest of the body; `receipt`: None where the call was refused.

    `outcome`: an `Outcome`; 0 in marks of versions that did not say. `to_confirm`: the packed choice that waits
    for the second step. `overtaken`: the call's own commit held another change behind it, so that no second step
    may confirm it.
    """

    asked: bytes
    receipt: Receipt | None
    outcome: int = 0
    to_confirm: bytes = b""
    overtaken: bool = False

    @property
    def known_outcome(self) -> Outcome | None:
        """The outcome; None where an older version did not say, or a newer one says what this one doesn't know."""
        return _OUTCOMES.get(self.outcome)


_OUTCOMES: Final = {int(outcome): outcome for outcome in Outcome}
