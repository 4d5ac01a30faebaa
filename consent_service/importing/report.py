"""Report: one line for each line of an export, as CSV, how many came to what, and the first that were refused."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from typing import Final, TextIO

from consent_service.importing.outcomes import Outcome, Result
from consent_service.importing.values import Values

_SAID: Final = 20
"""Refusals that are said without a file for them."""


class Report:
    """Counts outcomes, and writes them where a file is given."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._table = None if file is None else csv.writer(file)
        self._first: list[Outcome] = []
        self._skipped: Counter[str] = Counter()
        self.counts: Counter[Result] = Counter()
        if self._table is not None:
            self._table.writerow(Outcome._fields)

    def add(self, outcome: Outcome) -> None:
        self.counts[outcome.result] += 1
        if outcome.result is Result.SKIPPED:
            self._skipped[outcome.why] += 1
        if outcome.result is Result.REFUSED and len(self._first) < _SAID:
            self._first.append(outcome)
        if self._table is not None:
            self._table.writerow(outcome)

    @property
    def fruitless(self) -> bool:
        """True when not one opt-out was met."""
        return not self.counts[Result.IMPORTED] and not self.counts[Result.ALREADY]

    @property
    def refusals(self) -> list[str]:
        """The first of them, for people."""
        more = self.counts[Result.REFUSED] - len(self._first)
        said = [f"line {outcome.line}: {outcome.why}" for outcome in self._first]
        return [*said, f"and {more} more lines; --report FILE names them all"] if more else said

    def skipped(self, values: Sequence[Values]) -> list[str]:
        """Reasons for which lines were skipped, with the values that kept them from being opt-outs."""
        why = ", ".join(f"{count} ({reason})" for reason, count in self._skipped.most_common())
        return [f"skipped: {why}", *filter(None, (one.left_out() for one in values))] if why else []

    def warnings(self, values: Sequence[Values]) -> list[str]:
        """Sentences for an operator when not one row was an opt-out."""
        if not self.fruitless or any(one.fitted for one in values):
            return []
        if not self.counts.total():
            return ["nothing was imported: no line stands behind the header"]
        if not (said := list(filter(None, (one.all() for one in values)))):
            return []  # each line was refused, and it is said why
        return ["nothing was imported: no line is an opt-out. Correct --where, or the columns", *said]

    def __str__(self) -> str:
        return ", ".join(f"{self.counts[result]} {result}" for result in Result)

    @property
    def read(self) -> str:
        """The number of lines that all these were."""
        return f"lines read besides the header: {self.counts.total()}"
