"""Meaning of cells: names of columns, and values, that are the same to a person. Pure.

The case of letters, blanks, hyphens and underscores between letters make no difference. Nor does a word about
confirmation: an opt-out counts without it (ENF-9; CCPA regs § 7026).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = frozenset({"Cc", "Cf"})
_BETWEEN: Final = re.compile(r"(?<=[^\W\d])[\s_\-\u2010-\u2013]+(?=[^\W\d])")
_CONFIRMED: Final = r"(?:confirmed|verified|validated|approved|completed?|processed|fulfilled)"
_CONFIRMING: Final = r"(?:confirmation|verification|validation|approval|review|e ?mail)"
_UNCONFIRMED: Final = re.compile(
    rf"\b(?:not (?:yet )?{_CONFIRMED}|un(?:confirmed|verified|validated|processed)"
    rf"|(?:pending|awaiting|waiting for|requires|needs)(?: {_CONFIRMING})?"
    rf"|{_CONFIRMING} (?:pending|sent|requested|required|expired|bounced)"
    r"|requested|submitted|received|in progress|processing|expired)\b"
)
_WORDS: Final = re.compile(rf"{_UNCONFIRMED.pattern}|\b{_CONFIRMED}\b")
_EDGES: Final = " ()[]{}:;,./|-"
_EXCEL: Final = re.compile(r'="(.*)"', re.DOTALL)


def trim_cell(cell: str) -> str:
    """Return the cell without surrounding blanks and invisible marks, and without Excel's `="…"` around a
    text.
    """
    text = cell.strip().strip("\ufeff\u200b\u2060\xa0 ")
    excel_text = _EXCEL.fullmatch(text)
    return excel_text[1].strip() if excel_text else text


def normalise_name(text: str) -> str:
    """Return the form in which two names are equal if a person would call them the same."""
    composed = unicodedata.normalize("NFKC", trim_cell(text)).casefold()
    shown = "".join(
        character
        for character in composed
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    return _BETWEEN.sub(" ", " ".join(shown.split()))


def meaning_of(text: str) -> str:
    """Return the value without words about confirmation; the whole value if it says nothing else."""
    text_shown = normalise_name(text)
    without = _WORDS.sub(" ", text_shown)
    return text_shown if without == text_shown else " ".join(without.split()).strip(_EDGES) or text_shown


def is_unconfirmed(text: str) -> bool:
    """Return True if the value says that something is not confirmed."""
    return _UNCONFIRMED.search(normalise_name(text)) is not None


def confirms_alone(text: str) -> bool:
    """Return True if the value says only that something was confirmed."""
    return re.fullmatch(_CONFIRMED, normalise_name(text).strip(_EDGES)) is not None


def says_nothing_else(text: str) -> bool:
    """Return True if the value says only that something is not confirmed yet."""
    text_shown = normalise_name(text)
    return bool(text_shown) and not _UNCONFIRMED.sub("", text_shown).strip(_EDGES)
