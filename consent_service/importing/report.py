"""Report: one line for each line of an export, as CSV, how many came to what, and the first that were refused."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Final, TextIO

from consent_service.importing.outcomes import Outcome, Result

_SAID: Final = 20
"""Refusals that are said without a file for them."""


class Report:
    """Counts outcomes, and writes them where a file is given."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._table = None if file is None else csv.writer(file)
        self._first: list[Outcome] = []
        self.counts: Counter[Result] = Counter()
        if self._table is not None:
            self._table.writerow(Outcome._fields)

    def add(self, outcome: Outcome) -> None:
        self.counts[outcome.result] += 1
        if outcome.result is Result.REFUSED and len(self._first) < _SAID:
            self._first.append(outcome)
        if self._table is not None:
            self._table.writerow(outcome)

    @property
    def refusals(self) -> list[str]:
        """The first of them, for people."""
        more = self.counts[Result.REFUSED] - len(self._first)
        said = [f"line {outcome.line}: {outcome.why}" for outcome in self._first]
        return [*said, f"and {more} more lines; --report FILE names them all"] if more else said

    def __str__(self) -> str:
        return ", ".join(f"{self.counts[result]} {result}" for result in Result)
