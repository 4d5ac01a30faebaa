"""The field's words as types: rights, answers, bases, methods, age bands. No logic lives here."""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum
from typing import Final


class Right(StrEnum):
    """Subject of a choice. `SENSITIVE` is the use of sensitive personal information."""

    SALE = "sale"
    SHARE = "share"
    SENSITIVE = "sensitive"


RIGHTS: Final = tuple(Right)
"""All of them, in the order in which answers are given. (To run over the class itself is slow.)"""

SALE_AND_SHARE: Final = (Right.SALE, Right.SHARE)


class Answer(StrEnum):
    """Answer for one right."""

    ALLOWED = "allowed"
    DENIED = "denied"


class Basis(StrEnum):
    """Reason for an answer."""

    GPC = "gpc"
    CHOICE = "choice"
    CONSUMER = "consumer"
    MINOR = "minor"
    AFFIRMED = "affirmed"
    OPTED_IN = "opted_in"
    DEFAULT = "default"
    UNAVAILABLE = "unavailable"


class Stance(IntEnum):
    """Decision about one right. For `sensitive`, opting out is limiting and opting in is lifting the limit."""

    NONE = 0
    OPTED_OUT = 1
    OPTED_IN = 2


OPT_WORDS: Final = {"opt_out": Stance.OPTED_OUT, "opt_in": Stance.OPTED_IN}
"""Words for a stance on sale or sharing, in bodies and entries."""

LIMIT_WORDS: Final = {"limit": Stance.OPTED_OUT, "lift": Stance.OPTED_IN}
"""Words for a stance on sensitive personal information."""


class Step(StrEnum):
    """Step of a choice. Only an opt-in has two (§ 7028(a)); `ASKED` alone changes nothing."""

    ONLY = "only"
    ASKED = "asked"
    CONFIRMED = "confirmed"


class Method(IntEnum):
    """Method of a choice. The numbers are stored in packed records: add new ones, never renumber."""

    OTHER = 0
    BANNER = 1
    LINK = 2
    PAGE = 3
    SETTINGS = 4
    FORM = 5
    PHONE = 6
    EMAIL = 7
    AGENT = 8
    ACCOUNT = 9
    API = 10
    IMPORT = 11
    PRIOR_CMP = 12  # what another consent tool had noted in this browser before

    word: str
    """Name of the method in bodies and entries."""

    def __init__(self, _number: int) -> None:
        self.word = self.name.lower()


METHODS: Final = {method.word: method for method in Method}


class AgeBand(IntEnum):
    """Age band of a visitor; the number is the lowest age of the band in years."""

    UNDER_13 = 0
    FROM_13_TO_15 = 13
    FROM_16_TO_17 = 16
    ADULT = 18

    @property
    def word(self) -> str:
        """Name of the band in bodies and entries."""
        return _AGE_WORDS[self]


_AGE_WORDS: Final = {
    AgeBand.UNDER_13: "under_13",
    AgeBand.FROM_13_TO_15: "13_15",
    AgeBand.FROM_16_TO_17: "16_17",
    AgeBand.ADULT: "18_plus",
}
AGE_BANDS: Final = {word: band for band, word in _AGE_WORDS.items()}


def age_band(years: int) -> AgeBand:
    """Return the band of an age in whole years. The age itself is never stored."""
    return max(band for band in AgeBand if band <= years)


class RejectedToken(Enum):
    """Placeholder for a standing if a token was presented that can't be honoured (design rule 2)."""

    REJECTED = "rejected"


REJECTED: Final = RejectedToken.REJECTED
