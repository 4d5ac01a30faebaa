"""Outcomes of one line of an export. They name lines and columns, never the contents of cells (design rule
7).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from consent_service.domain.words import Right


class LineResult(StrEnum):
    """`SKIPPED`: the line says nothing of an opt-out, as most lines of a whole export do."""

    IMPORTED = "imported"
    ALREADY = "already"
    SKIPPED = "skipped"
    REFUSED = "refused"


class LineOutcome(NamedTuple):
    """Outcome of a line. `why` is made of our own words alone, so it is never a spreadsheet's formula."""

    line: int
    result: LineResult
    why: str = ""


class OptOut(NamedTuple):
    """A line that denies these rights to the visitor of this id. `made_at`: RFC 3339 UTC, evidence that orders
    nothing. `why`: what of the line was left out.
    """

    line: int
    foreign_id: str
    rights: tuple[Right, ...]
    made_at: str | None
    why: str = ""
