"""Layout: which columns of an export say who and what, and what one row says by them. Pure, but for counting values.

Our own layout has columns for the rights, with the words of the API. In anybody else's the caller names the
columns, and the values that mean opted out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from consent_service.domain.words import LIMIT_WORDS, OPT_WORDS, RIGHTS, SALE_AND_SHARE, Right, Stance
from consent_service.errors import ImportRefused
from consent_service.importing.comparing import (
    confirms_alone,
    meaning,
    says_nothing_else,
    trimmed,
    unconfirmed,
)
from consent_service.importing.header import Header
from consent_service.importing.outcomes import OptOut, Outcome, Result
from consent_service.importing.rows import Row, in_windows, readable
from consent_service.importing.times import TimeUnread, read_time
from consent_service.importing.values import Values
from consent_service.services.visitor.plans import LONGEST_PRIOR_ID

_RIGHTS: Final[Mapping[str, tuple[tuple[Right, ...], Mapping[str, Stance]]]] = {
    "sale_share": (SALE_AND_SHARE, OPT_WORDS),
    "sale": ((Right.SALE,), OPT_WORDS),
    "share": ((Right.SHARE,), OPT_WORDS),
    "sensitive": ((Right.SENSITIVE,), LIMIT_WORDS),
}
"""Column -> the rights that it speaks of, and its words."""

_STANCES: Final[Mapping[str, Mapping[str, Stance]]] = {
    column: {meaning(word): stance for word, stance in words.items()}
    for column, (_, words) in _RIGHTS.items()
}
_UNCONFIRMED: Final = "it was not confirmed there, and is an opt-out all the same"


class Named(NamedTuple):
    """Caller's description of an export. `where`: column and value; a row that has one of the values named for
    each of these columns is an opt-out of sale and sharing. `form`: how times are written, as strptime takes it.
    """

    id: str = "id"
    time: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    form: str | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that the header is known by."""
        decisive = [column for column, _ in self.where] or [*_RIGHTS]
        return list(dict.fromkeys([self.id, *([self.time] if self.time else []), *decisive]))


class Condition(NamedTuple):
    """Conditions on a column: it holds one of these meanings.

    No opt-out needs to be confirmed (ENF-9). `confirmed`: the value asks for nothing else, so what is not confirmed
    yet fits as well. `any_value`: the column says nothing else, so it does not matter.
    """

    meanings: frozenset[str]
    confirmed: bool
    any_value: bool

    def fits(self, cell: str) -> bool:
        """Return True when the cell does not keep its row from being an opt-out."""
        return self.any_value or self.holds(cell) or (self.confirmed and says_nothing_else(cell))

    def holds(self, cell: str) -> bool:
        """Return True when the cell says what was asked for."""
        return meaning(cell) in self.meanings


class Layout(NamedTuple):
    """The places of the columns in a row, and what is counted of those that decide."""

    width: int
    id: int
    time: int | None
    form: str | None
    where: Mapping[int, Condition]
    rights: Mapping[int, str]
    values: Mapping[int, Values]

    def read(self, row: Row, now: int) -> OptOut | Outcome:
        """Return the meaning of a row. `now`: Unix seconds."""
        if len(row.cells) < self.width or any(cell.strip() for cell in row.cells[self.width :]):
            return _refused(row, f"{len(row.cells)} cells, and the header has {self.width}")
        cells = [trimmed(cell) for cell in row.cells]
        try:
            denied, why = self._denied(cells, cut=row.open)
            self._count(cells, opt_out=bool(denied))
            if not denied:
                return Outcome(row.line, Result.SKIPPED, why)
            return OptOut(row.line, _id(cells[self.id]), denied, self._made_at(cells, now), why)
        except _Unfit as unfit:
            return _refused(row, str(unfit))

    def _count(self, cells: Sequence[str], *, opt_out: bool) -> None:
        for place, values in self.values.items():
            values.add(cells[place], opt_out=opt_out)

    def _denied(self, cells: Sequence[str], *, cut: bool) -> tuple[tuple[Right, ...], str]:
        """The rights that the row denies, and what is to be said of it. `cut`: the file ends in it. Raises _Unfit."""
        return self._named(cells, cut=cut) if self.where else self._own(cells)

    def _named(self, cells: Sequence[str], *, cut: bool) -> tuple[tuple[Right, ...], str]:
        for place, condition in self.where.items():
            cell = cells[place]
            if condition.fits(cell if readable(cell) else in_windows(cell)):
                continue
            if not readable(cell):
                raise _Unfit(f'column "{self.values[place].column}" {_UNREADABLE}')
            if cut and place == self.width - 1 and _begins_one(cell, condition):
                raise _Unfit("the file ends in the middle of this line: export it again")
            return (), "the row is no opt-out"
        open_still = any(
            unconfirmed(cells[place]) or (condition.any_value and not condition.holds(cells[place]))
            for place, condition in self.where.items()
        )
        return SALE_AND_SHARE, _UNCONFIRMED if open_still else ""

    def _own(self, cells: Sequence[str]) -> tuple[tuple[Right, ...], str]:
        denied: set[Right] = set()
        opted_in = False
        for place, column in self.rights.items():
            rights, words = _RIGHTS[column]
            stance = _STANCES[column].get(meaning(cells[place]), Stance.NONE) if cells[place] else None
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


class Reading(NamedTuple):
    """An export's records as they are read, and the values of the columns that decide, counted meanwhile."""

    said: Iterator[OptOut | Outcome]
    values: Sequence[Values]


def read(records: Iterator[Row | Outcome], named: Named, now: int) -> Reading:
    """Return what each record behind the header says. Raises ImportRefused at once when the header does not fit."""
    before = list[Outcome]()
    for header in records:
        if isinstance(header, Row):
            break
        if header.result is not Result.SKIPPED:
            raise ImportRefused(f"line {header.line}: {header.why}")
        before.append(header)
    else:
        raise ImportRefused("the file is empty" + (": it has blank lines alone" if before else ""))
    layout = layout_of(Header(header.cells, header.line), named)
    said = (layout.read(record, now) if isinstance(record, Row) else record for record in records)
    return Reading(chain(before, said), list(layout.values.values()))


def layout_of(header: Header, named: Named) -> Layout:
    """The layout of a file with this header. Raises ImportRefused."""
    time = named.time or ("at" if "at" in header else None)
    where: dict[int, set[str]] = {}
    for column, value in named.where:
        where.setdefault(header.place(column, named.columns), set()).add(value)
    own = [] if where else [column for column in _RIGHTS if column in header]
    if not where and not own:
        raise ImportRefused(
            f"no column says what was decided: wanted one of {', '.join(_RIGHTS)}, or --where COLUMN=VALUE for "
            "rows that are opt-outs (and --delimiter, where it can't be told)"
        )
    rights = {header.place(column, named.columns): column for column in own}
    return Layout(
        len(header.names),
        header.place(named.id, named.columns),
        None if time is None else header.place(time, named.columns),
        named.form,
        {
            place: _condition(header.names[place], values, alone=len(where) == 1)
            for place, values in where.items()
        },
        rights,
        {place: Values(header.names[place]) for place in (*where, *rights)},
    )


class _Unfit(Exception):
    """Something in a row that can't be taken; the message names the column."""


_NO_OPT_IN: Final = "an opt-in is never imported: the visitor makes it here, in two steps"
_UNREADABLE: Final = "holds bytes that are no text in the file's encoding: name it with --encoding"


def _refused(row: Row, why: str) -> Outcome:
    return Outcome(row.line, Result.REFUSED, why)


def _condition(column: str, values: set[str], *, alone: bool) -> Condition:
    """`alone`: no other column says that the row is an opt-out."""
    confirmed = not alone and any(map(confirms_alone, values))
    return Condition(frozenset(map(meaning, values)), confirmed, not alone and confirms_alone(column))


def _begins_one(cell: str, condition: Condition) -> bool:
    """Return True when the cell may be the beginning of a value that fits."""
    return any(one.startswith(meaning(cell)) for one in condition.meanings)


def _id(text: str) -> str:
    if not text:
        raise _Unfit("the id is empty")
    if not readable(text):
        raise _Unfit(f"the id {_UNREADABLE}")
    if len(text) > LONGEST_PRIOR_ID or not text.isprintable():
        raise _Unfit(
            f"the id is longer than {LONGEST_PRIOR_ID} characters, or holds some that can't be printed"
        )
    return text
