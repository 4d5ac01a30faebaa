"""Report of an import: one CSV line for each line of the export, the counts, and the first refused lines."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from typing import Final, TextIO

from consent_service.importing.line_outcomes import LineOutcome, LineResult
from consent_service.importing.value_counts import ValueCounts

_MOST_REFUSALS: Final = 20
"""Refusals that are said without a file for them."""


class ImportReport:
    """Counts outcomes, and writes them where a file is given."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._table = None if file is None else csv.writer(file)
        self._first: list[LineOutcome] = []
        self._skipped: Counter[str] = Counter()
        self.counts: Counter[LineResult] = Counter()
        if self._table is not None:
            self._table.writerow(LineOutcome._fields)

    def add_outcome(self, outcome: LineOutcome) -> None:
        """Count the outcome, and write it to the report's file."""
        self.counts[outcome.result] += 1
        if outcome.result is LineResult.SKIPPED:
            self._skipped[outcome.why] += 1
        if outcome.result is LineResult.REFUSED and len(self._first) < _MOST_REFUSALS:
            self._first.append(outcome)
        if self._table is not None:
            self._table.writerow(outcome)

    @property
    def found_no_opt_out(self) -> bool:
        """True if no line is an opt-out."""
        return not self.counts[LineResult.IMPORTED] and not self.counts[LineResult.ALREADY]

    @property
    def first_refusals(self) -> list[str]:
        """The first refused lines with their reasons, for people."""
        more = self.counts[LineResult.REFUSED] - len(self._first)
        lines = [f"line {outcome.line}: {outcome.why}" for outcome in self._first]
        return [*lines, f"and {more} more lines; --report FILE names them all"] if more else lines

    def skip_reasons(self, values: Sequence[ValueCounts]) -> list[str]:
        """Return the reasons for which lines were skipped, with the values that kept them from being
        opt-outs.
        """
        why = ", ".join(f"{count} ({reason})" for reason, count in self._skipped.most_common())
        return (
            [f"skipped: {why}", *filter(None, (counts_of_column.left_out() for counts_of_column in values))]
            if why
            else []
        )

    def operator_warnings(self, values: Sequence[ValueCounts]) -> list[str]:
        """Return sentences for the operator if no row was an opt-out."""
        if not self.found_no_opt_out or any(counts_of_column.any_opt_out for counts_of_column in values):
            return []
        if not self.counts.total():
            return ["nothing was imported: the file has no line after the header"]
        if not (
            value_lists := list(filter(None, (counts_of_column.list_all() for counts_of_column in values)))
        ):
            return []  # each line was refused, and it is said why
        return ["nothing was imported: no line is an opt-out. Correct --where, or the columns", *value_lists]

    def __str__(self) -> str:
        return ", ".join(f"{self.counts[result]} {result}" for result in LineResult)

    @property
    def line_count_text(self) -> str:
        """The number of lines that were read, in words."""
        return f"lines read besides the header: {self.counts.total()}"
