"""Counts of the values in the deciding columns, for an operator who looks for the right value.

Bounded: a column of ids, named by mistake, must fill neither the memory nor the screen. No other part of a
row is remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from consent_service.store.causes import printable_line

_COUNTED: Final = 1000
"""Different values that are told apart; of more it is only known that there are more."""
_NAMED: Final = 10
_LONGEST: Final = 40
"""Values that are shown of a column, and characters of each."""


class ValueCounts:
    """Counts of one column's values. `_taken`: in rows that are opt-outs. `_left`: in all others."""

    def __init__(self, column: str) -> None:
        self.column = column
        self._left: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()
        self._more = False

    def count_value(self, value: str, *, opt_out: bool) -> None:
        """Count one row's value."""
        counter = self._taken if opt_out else self._left
        if value in counter or len(counter) < _COUNTED:
            counter[value] += 1
        else:
            self._more = True

    @property
    def any_opt_out(self) -> bool:
        """True if any row was an opt-out."""
        return bool(self._taken)

    def left_out(self) -> str:
        """Return a sentence with the values of rows that are not opt-outs; "" if there are none."""
        return f"left out by {self._column_text}: {self._list_values(self._left)}" if self._left else ""

    def list_all(self) -> str:
        """Return a sentence with every value; "" if there is none."""
        both = self._left + self._taken
        return f"{self._column_text} has {self._list_values(both)}" if both else ""

    @property
    def _column_text(self) -> str:
        return f'the column "{printable_line(self.column, _LONGEST)}"'

    def _list_values(self, counter: Counter[str]) -> str:
        first = counter.most_common(_NAMED)
        values_text = ", ".join(f'"{printable_line(value, _LONGEST)}" ({count})' for value, count in first)
        if len(counter) <= _NAMED:
            return values_text
        size = f"more than {_COUNTED}" if self._more else str(len(counter))
        return f"{size} different values, such as {values_text}"


def of_columns(columns: Iterable[str]) -> Sequence[ValueCounts]:
    """Return an empty count for each column."""
    return [ValueCounts(column) for column in columns]
