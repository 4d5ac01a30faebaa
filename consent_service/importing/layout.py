"""Layout: which columns of an export say who and what, and what one row says by them. Pure.

Our own layout has columns for the rights, with the words of the API. In anybody else's the caller names the
columns, and the values that mean opted out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from consent_service.domain.times import read_time
from consent_service.domain.words import LIMIT_WORDS, OPT_WORDS, RIGHTS, SALE_AND_SHARE, Right, Stance
from consent_service.errors import ImportRefused
from consent_service.importing.outcomes import OptOut, Outcome, Result
from consent_service.importing.rows import Row
from consent_service.services.planning import LONGEST_PRIOR_ID

_AHEAD: Final = timedelta(days=1)
"""A time without a zone is read as UTC; elsewhere it may be tomorrow already."""

_RIGHTS: Final[Mapping[str, tuple[tuple[Right, ...], Mapping[str, Stance]]]] = {
    "sale_share": (SALE_AND_SHARE, OPT_WORDS),
    "sale": ((Right.SALE,), OPT_WORDS),
    "share": ((Right.SHARE,), OPT_WORDS),
    "sensitive": ((Right.SENSITIVE,), LIMIT_WORDS),
}
"""Column -> the rights that it speaks of, and its words."""


class Named(NamedTuple):
    """What the caller says of an export. `where`: column and value; a row that has one of the values named for
    each of these columns is an opt-out of sale and sharing.
    """

    id: str = "id"
    time: str | None = None
    where: tuple[tuple[str, str], ...] = ()


class Layout(NamedTuple):
    """The places of the columns in a row. `where`: place -> the values that it may have."""

    width: int
    id: int
    time: int | None
    where: Mapping[int, frozenset[str]]
    rights: Mapping[int, str]

    def read(self, row: Row, now: int) -> OptOut | Outcome:
        """What the row says. `now`: Unix seconds."""
        if len(row.cells) != self.width:
            return _refused(row, f"{len(row.cells)} cells, and the header has {self.width}")
        cells = [cell.strip() for cell in row.cells]
        try:
            denied, why = self._denied(cells)
            if not denied:
                return Outcome(row.line, Result.SKIPPED, why)
            return OptOut(row.line, _id(cells[self.id]), denied, self._made_at(cells, now), why)
        except _Unfit as unfit:
            return _refused(row, str(unfit))

    def _denied(self, cells: Sequence[str]) -> tuple[tuple[Right, ...], str]:
        """The rights that the row denies, and what was left out of it. Raises _Unfit."""
        if self.where:
            fits = all(cells[place] in values for place, values in self.where.items())
            return (SALE_AND_SHARE, "") if fits else ((), "the row is no opt-out")
        denied: set[Right] = set()
        opted_in = False
        for place, column in self.rights.items():
            rights, words = _RIGHTS[column]
            stance = words.get(cells[place].lower(), Stance.NONE) if cells[place] else None
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
        return None if self.time is None or not cells[self.time] else _time(cells[self.time], now)


def read(records: Iterator[Row | Outcome], named: Named, now: int) -> Iterator[OptOut | Outcome]:
    """What each record behind the header says. Raises ImportRefused at once when the header does not fit."""
    header = next(records, None)
    if not isinstance(header, Row):
        raise ImportRefused("the file is empty" if header is None else f"line {header.line}: {header.why}")
    layout = layout_of(header.cells, named)
    return (layout.read(record, now) if isinstance(record, Row) else record for record in records)


def layout_of(header: Sequence[str], named: Named) -> Layout:
    """The layout of a file that begins with this row. Raises ImportRefused; never quotes the row, which may be
    somebody's data where there is no header.
    """
    columns = [cell.strip() for cell in header]
    time = named.time or ("at" if "at" in columns else None)
    where: dict[int, frozenset[str]] = {}
    for column, value in named.where:
        place = _place(columns, column)
        where[place] = where.get(place, frozenset()) | {value.strip()}
    own = [] if where else [column for column in _RIGHTS if column in columns]
    if not where and not own:
        raise ImportRefused(
            f"no column says what was decided: wanted one of {', '.join(_RIGHTS)}, or --where COLUMN=VALUE for "
            "rows that are opt-outs (and --delimiter, where it is no comma)"
        )
    return Layout(
        len(columns),
        _place(columns, named.id),
        None if time is None else _place(columns, time),
        where,
        {_place(columns, column): column for column in own},
    )


class _Unfit(Exception):
    """Something in a row that can't be taken; the message names the column."""


_NO_OPT_IN: Final = "an opt-in is never imported: the visitor makes it here, in two steps"


def _refused(row: Row, why: str) -> Outcome:
    return Outcome(row.line, Result.REFUSED, why)


def _place(columns: Sequence[str], name: str) -> int:
    if columns.count(name) != 1:
        found = "more than one column" if name in columns else "no column"
        raise ImportRefused(f"the first line has {found} named {name!r}; is --delimiter another one?")
    return columns.index(name)


def _id(text: str) -> str:
    if not text:
        raise _Unfit("the id is empty")
    if len(text) > LONGEST_PRIOR_ID or not text.isprintable():
        raise _Unfit(
            f"the id is longer than {LONGEST_PRIOR_ID} characters, or holds some that can't be printed"
        )
    return text


def _time(text: str, now: int) -> str:
    """The time as RFC 3339 UTC. Raises _Unfit."""
    try:
        time = read_time(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Unfit("the time is not written as in 2026-01-31T10:00:00Z") from None
    if time > datetime.fromtimestamp(now, UTC) + _AHEAD:
        raise _Unfit("the time is in the future")
    return time.isoformat()
