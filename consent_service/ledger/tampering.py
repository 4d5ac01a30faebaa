"""Tampering: every fault that an archive can have, by name, with advice; and a comparison of lines by their
marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

MOST_LINES: Final = 100
"""Differing lines of one segment that are named; of more than that, how many there are."""


class Tampering(StrEnum):
    """Kinds of tampering. The values are printed and stay as they are."""

    ENTRY_CHANGED = "entry-changed"
    ENTRY_MISSING = "entry-missing"
    ENTRY_ADDED = "entry-added"
    ENTRY_REORDERED = "entry-reordered"
    SEGMENT_MISSING = "segment-missing"
    SEGMENT_SWAPPED = "segment-swapped"
    SEGMENT_TRUNCATED = "segment-truncated"
    SEGMENT_DAMAGED = "segment-damaged"
    CHECKPOINT_MISSING = "head-missing"
    CHECKPOINT_FORGED = "head-forged"
    CHECKPOINT_SWAPPED = "head-swapped"
    CHAIN_BROKEN = "chain-broken"
    SPAN_BROKEN = "span-broken"
    ROOT_WRONG = "root-wrong"
    PLACE_WRONG = "place-wrong"
    MARKS_DAMAGED = "marks-damaged"
    ANCHOR_FORGED = "anchor-forged"
    ANCHOR_EARLY = "anchor-early"
    TAIL_MISSING = "tail-missing"
    OBJECT_UNKNOWN = "object-unknown"
    OBJECT_UNFIT = "object-unfit"
    ARCHIVE_EMPTY = "archive-empty"
    NOT_CANONICAL = "not-canonical"
    FORMAT_NEWER = "format-newer"
    ENTRY_UNFIT = "entry-unfit"
    NEWEST_WRONG = "newest-wrong"
    TIME_WRONG = "time-wrong"
    DROP_UNFINISHED = "drop-unfinished"


_RESTORE: Final = (
    "Put the object back from a copy of the archive that holds, and find out who wrote to this one."
)
_SEALED: Final = (
    "Whoever signed this held the service's key: find out who, rotate the key (`keys rotate`), and compare with a "
    "checkpoint and a copy of the archive that were kept elsewhere."
)
_STRANGE: Final = "The service put nothing under this name: move it elsewhere, and find out who put it there."
REMEDIES: Final[dict[Tampering, str]] = {
    **dict.fromkeys(Tampering, _RESTORE),
    Tampering.CHECKPOINT_FORGED: "If the key is unknown, take newer keys from /.well-known/jwks.json. Else: "
    + _RESTORE,
    Tampering.CHAIN_BROKEN: _RESTORE + " If the copy says the same: " + _SEALED,
    **dict.fromkeys(
        (
            Tampering.ROOT_WRONG,
            Tampering.PLACE_WRONG,
            Tampering.SPAN_BROKEN,
            Tampering.ENTRY_UNFIT,
            Tampering.NEWEST_WRONG,
            Tampering.ANCHOR_EARLY,
        ),
        _SEALED,
    ),
    Tampering.TIME_WRONG: "Set this machine's clock, and look at the clocks of the service's. If they were right: "
    + _SEALED,
    Tampering.NOT_CANONICAL: _RESTORE + " If the copy holds the same bytes: " + _SEALED,
    Tampering.FORMAT_NEWER: "Run `ledger verify` of the newest version; this version can't check it.",
    Tampering.OBJECT_UNKNOWN: _STRANGE,
    Tampering.ARCHIVE_EMPTY: "Look whether this is the archive that [ledger] names.",
    Tampering.DROP_UNFINISHED: "The service was interrupted while it dropped this segment; `work` goes on with it.",
}
"""Advice for each kind of finding."""
LEFTOVER: Final = (
    "Nothing reads it: a file that an interrupted process left, or a folder's empty object. Delete it."
)


class ArchiveFault(NamedTuple):
    """One fault: its kind, the object, and details. Its text is one line."""

    what: Tampering
    where: str
    detail: str = ""

    def __str__(self) -> str:
        return escape_unprintable(f"{self.what}: {self.where}" + (f": {self.detail}" if self.detail else ""))


def escape_unprintable(text: str) -> str:
    """Return the text with control characters, line ends and unprintable characters written as escapes."""
    return "".join(
        character if character.isprintable() else _escape_character(character) for character in text
    )


class LineChange(NamedTuple):
    """One line that is not as sealed. `line` counts from 1: as sealed for a missing line, else as present."""

    what: Tampering
    line: int


def compare_lines(sealed: Sequence[bytes], present: Sequence[bytes]) -> list[LineChange]:
    """Return the differences between the present lines and the sealed ones, compared by their marks.

    A line in the place of another one is changed; otherwise it is missing, added, or moved.
    """
    start = _common_length(sealed, present)
    end = _common_length(sealed[start:][::-1], present[start:][::-1])
    old, new = sealed[start : len(sealed) - end], present[start : len(present) - end]
    only_sealed, only_present = Counter(old) - Counter(new), Counter(new) - Counter(old)
    missing = [number for number, mark in enumerate(old) if _take_one(only_sealed, mark)]
    added = [number for number, mark in enumerate(new) if _take_one(only_present, mark)]
    if len(missing) == len(added):
        changes = [LineChange(Tampering.ENTRY_CHANGED, start + number + 1) for number in added]
    else:
        changes = [LineChange(Tampering.ENTRY_MISSING, start + number + 1) for number in missing]
        changes += [LineChange(Tampering.ENTRY_ADDED, start + number + 1) for number in added]
    missing_numbers, added_numbers = set(missing), set(added)
    common_before = [mark for number, mark in enumerate(old) if number not in missing_numbers]
    common_now = [(number, mark) for number, mark in enumerate(new) if number not in added_numbers]
    moved = [
        number for (number, mark), before in zip(common_now, common_before, strict=True) if mark != before
    ]
    return [*changes, *(LineChange(Tampering.ENTRY_REORDERED, start + number + 1) for number in moved)]


def _escape_character(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _common_length(first: Sequence[bytes], second: Sequence[bytes]) -> int:
    """Return the length of the common beginning."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((number for number, (left, right) in pairs if left != right), min(len(first), len(second)))


def _take_one(counter: Counter[bytes], mark: bytes) -> bool:
    if counter[mark] <= 0:
        return False
    counter[mark] -= 1
    return True
