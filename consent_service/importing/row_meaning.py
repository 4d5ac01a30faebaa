"""Meaning of rows: the columns that hold id, time and decision, and what one row decides. Pure, but for
counts.

Our own layout has columns for the rights, with the words of the API. For any other export the caller names
the columns, and the values that mean opted out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from consent_service.domain.words import LIMIT_WORDS, OPT_WORDS, RIGHTS, SALE_AND_SHARE, Right, Stance
from consent_service.errors import ImportRefused
from consent_service.importing.cell_meaning import (
    confirms_alone,
    is_unconfirmed,
    meaning_of,
    says_nothing_else,
    trim_cell,
)
from consent_service.importing.columns import ColumnHeader
from consent_service.importing.csv_rows import ExportRow, decode_windows_1252, is_readable
from consent_service.importing.line_outcomes import LineOutcome, LineResult, OptOut
from consent_service.importing.time_formats import TimeUnread, read_time
from consent_service.importing.value_counts import ValueCounts
from consent_service.services.visitor.plans import LONGEST_PRIOR_ID

_RIGHTS: Final[Mapping[str, tuple[tuple[Right, ...], Mapping[str, Stance]]]] = {
    "sale_share": (SALE_AND_SHARE, OPT_WORDS),
    "sale": ((Right.SALE,), OPT_WORDS),
    "share": ((Right.SHARE,), OPT_WORDS),
    "sensitive": ((Right.SENSITIVE,), LIMIT_WORDS),
}
"""Column -> the rights that it speaks of, and its words."""

_STANCES: Final[Mapping[str, Mapping[str, Stance]]] = {
    column: {meaning_of(word): stance for word, stance in words.items()}
    for column, (_, words) in _RIGHTS.items()
}
_UNCONFIRMED: Final = "it was not confirmed there, and is an opt-out all the same"


class ExportColumns(NamedTuple):
    """Caller's description of an export. `where`: column and value; a row that has one of the values named for
    each of these columns is an opt-out of sale and sharing. `form`: how times are written, as strptime takes it.
    """

    id: str = "id"
    time: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    form: str | None = None

    @property
    def all_columns(self) -> list[str]:
        """Names of the columns by which the header is recognised."""
        decisive = [column for column, _ in self.where] or [*_RIGHTS]
        return list(dict.fromkeys([self.id, *([self.time] if self.time else []), *decisive]))


class ColumnCondition(NamedTuple):
    """Condition on a column: its cell has one of these meanings.

    No opt-out needs to be confirmed (ENF-9). `confirmed`: the value says only that something was confirmed,
    so a cell that says "not confirmed yet" fits as well. `any_value`: the column says nothing else, so it
    does not matter.
    """

    meanings: frozenset[str]
    confirmed: bool
    any_value: bool

    def fits(self, cell: str) -> bool:
        """Return True if the row can be an opt-out with this cell."""
        return self.any_value or self.holds(cell) or (self.confirmed and says_nothing_else(cell))

    def holds(self, cell: str) -> bool:
        """Return True if the cell has one of the meanings."""
        return meaning_of(cell) in self.meanings


class ExportLayout(NamedTuple):
    """The places of the columns in a row, and what is counted of those that decide."""

    width: int
    id: int
    time: int | None
    form: str | None
    where: Mapping[int, ColumnCondition]
    rights: Mapping[int, str]
    values: Mapping[int, ValueCounts]

    def read_row(self, row: ExportRow, now: int) -> OptOut | LineOutcome:
        """Return the meaning of a row. `now`: Unix seconds."""
        if len(row.cells) < self.width or any(cell.strip() for cell in row.cells[self.width :]):
            return _refuse(row, f"{len(row.cells)} cells; the header has {self.width}")
        cells = [trim_cell(cell) for cell in row.cells]
        try:
            denied, why = self._denied_rights(cells, cut=row.open)
            self._count_values(cells, opt_out=bool(denied))
            if not denied:
                return LineOutcome(row.line, LineResult.SKIPPED, why)
            return OptOut(row.line, _checked_id(cells[self.id]), denied, self._made_at(cells, now), why)
        except _Unfit as unfit:
            return _refuse(row, str(unfit))

    def _count_values(self, cells: Sequence[str], *, opt_out: bool) -> None:
        for place, values in self.values.items():
            values.count_value(cells[place], opt_out=opt_out)

    def _denied_rights(self, cells: Sequence[str], *, cut: bool) -> tuple[tuple[Right, ...], str]:
        """Return the rights that the row denies, and the reason to report with it.

        `cut`: the file ends in this row. Raises _Unfit.
        """
        return self._rights_by_condition(cells, cut=cut) if self.where else self._rights_by_words(cells)

    def _rights_by_condition(self, cells: Sequence[str], *, cut: bool) -> tuple[tuple[Right, ...], str]:
        for place, condition in self.where.items():
            cell = cells[place]
            if condition.fits(cell if is_readable(cell) else decode_windows_1252(cell)):
                continue
            if not is_readable(cell):
                raise _Unfit(f'column "{self.values[place].column}" {_UNREADABLE}')
            if cut and place == self.width - 1 and _may_begin_value(cell, condition):
                raise _Unfit("the file ends in the middle of this line: export it again")
            return (), "the row is no opt-out"
        open_still = any(
            is_unconfirmed(cells[place]) or (condition.any_value and not condition.holds(cells[place]))
            for place, condition in self.where.items()
        )
        return SALE_AND_SHARE, _UNCONFIRMED if open_still else ""

    def _rights_by_words(self, cells: Sequence[str]) -> tuple[tuple[Right, ...], str]:
        denied: set[Right] = set()
        opted_in = False
        for place, column in self.rights.items():
            rights, words = _RIGHTS[column]
            stance = _STANCES[column].get(meaning_of(cells[place]), Stance.NONE) if cells[place] else None
            if stance is Stance.NONE:
                raise _Unfit(f"column {column} holds none of the words {', '.join(words)}")
            opted_in |= stance is Stance.OPTED_IN
            denied.update(rights if stance is Stance.OPTED_OUT else ())
        if opted_in and not denied:
            raise _Unfit(_NO_OPT_IN)
        left_out = "its opt-in was left out" if opted_in else ""
        return tuple(right for right in RIGHTS if right in denied), left_out or (
            "" if denied else "says nothing"
        )

    def _made_at(self, cells: Sequence[str], now: int) -> str | None:
        if self.time is None or not cells[self.time]:
            return None
        try:
            return read_time(cells[self.time], now, self.form)
        except TimeUnread as unread:
            raise _Unfit(f"the time {unread}") from None


class ExportRecords(NamedTuple):
    """An export's records as they are read, and the values of the columns that decide, counted meanwhile."""

    outcomes: Iterator[OptOut | LineOutcome]
    values: Sequence[ValueCounts]


def read_export(
    records: Iterator[ExportRow | LineOutcome], export_columns: ExportColumns, now: int
) -> ExportRecords:
    """Return what each record behind the header says. Raises ImportRefused at once when the header does not fit."""
    before = list[LineOutcome]()
    for header in records:
        if isinstance(header, ExportRow):
            break
        if header.result is not LineResult.SKIPPED:
            raise ImportRefused(f"line {header.line}: {header.why}")
        before.append(header)
    else:
        raise ImportRefused("the file is empty" + (": it has blank lines alone" if before else ""))
    layout = layout_of(ColumnHeader(header.cells, header.line), export_columns)
    outcomes = (
        layout.read_row(record, now) if isinstance(record, ExportRow) else record for record in records
    )
    return ExportRecords(chain(before, outcomes), list(layout.values.values()))


def layout_of(header: ColumnHeader, export_columns: ExportColumns) -> ExportLayout:
    """Return the layout of a file with this header. Raises ImportRefused."""
    time = export_columns.time or ("at" if "at" in header else None)
    where: dict[int, set[str]] = {}
    for column, value in export_columns.where:
        where.setdefault(header.index_of(column, export_columns.all_columns), set()).add(value)
    own_columns = [] if where else [column for column in _RIGHTS if column in header]
    if not where and not own_columns:
        raise ImportRefused(
            f"no column with the decision: wanted one of {', '.join(_RIGHTS)}, or --where COLUMN=VALUE for "
            "rows that are opt-outs (and --delimiter, if the separator was not recognised)"
        )
    rights = {header.index_of(column, export_columns.all_columns): column for column in own_columns}
    return ExportLayout(
        len(header.names),
        header.index_of(export_columns.id, export_columns.all_columns),
        None if time is None else header.index_of(time, export_columns.all_columns),
        export_columns.form,
        {
            place: _condition_of(header.names[place], values, alone=len(where) == 1)
            for place, values in where.items()
        },
        rights,
        {place: ValueCounts(header.names[place]) for place in (*where, *rights)},
    )


class _Unfit(Exception):
    """Something in a row that can't be taken; the message names the column."""


_NO_OPT_IN: Final = "an opt-in is never imported: the visitor makes it here, in two steps"
_UNREADABLE: Final = "holds bytes that are not text in the assumed encoding: name the file's with --encoding"


def _refuse(row: ExportRow, why: str) -> LineOutcome:
    return LineOutcome(row.line, LineResult.REFUSED, why)


def _condition_of(column: str, values: set[str], *, alone: bool) -> ColumnCondition:
    """Return the condition that the cell has one of these values.

    `alone`: no other column decides whether the row is an opt-out.
    """
    confirmed = not alone and any(map(confirms_alone, values))
    return ColumnCondition(
        frozenset(map(meaning_of, values)), confirmed, not alone and confirms_alone(column)
    )


def _may_begin_value(cell: str, condition: ColumnCondition) -> bool:
    """Return True when the cell may be the beginning of a value that fits."""
    return any(value.startswith(meaning_of(cell)) for value in condition.meanings)


def _checked_id(text: str) -> str:
    if not text:
        raise _Unfit("the id is empty")
    if not is_readable(text):
        raise _Unfit(f"the id {_UNREADABLE}")
    if len(text) > LONGEST_PRIOR_ID or not text.isprintable():
        raise _Unfit(f"the id is longer than {LONGEST_PRIOR_ID} characters, or has unprintable ones")
    return text
