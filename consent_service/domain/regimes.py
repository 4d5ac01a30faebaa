"""Regimes: each jurisdiction's rules as dated rows of one table.

A new US state is a row here and, if its GPP section is new, a row in `codecs.sections`; a section with several
items about children has its row in `domain.strings` too.

A row holds each right's model (opt-out or opt-in), the age under which an affirmative opt-in is needed, the
GPP section (a row of `codecs.sections`), and the clocks. Source of California's row: Civ. Code 1798.120,
.121, .135 and Cal. Code Regs. tit. 11 §§ 7020-7028, 7070-7071, 7101. The other rows are known from secondary
sources (`verified=False`): they take the stricter reading, so `sensitive` needs an opt-in and the age limit
is 18.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from consent_service.domain.visitor_location import Location
from consent_service.domain.words import RIGHTS, AgeBand, Answer, Right

UNITED_STATES: Final = "US"


class Model(StrEnum):
    """Legal model of a right: allowed until opted out, or denied until opted in."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"

    @property
    def default_answer(self) -> Answer:
        """Answer for a visitor who decided nothing."""
        return Answer.ALLOWED if self is Model.OPT_OUT else Answer.DENIED


@dataclass(frozen=True, slots=True)
class Clocks:
    """Legal time limits, in days unless the name says otherwise."""

    confirm_receipt_business_days: int = 10  # § 7021(a)
    respond_days: int = 45  # § 7021(b)
    extend_days: int = 45  # § 7021(b)
    opt_out_business_days: int = 15  # §§ 7026(f)(1), 7027(g)(1)
    reask_months: int = 12  # §§ 7026(k), 7027(l); Civ. Code 1798.135(c)(4)
    records_months: int = 24  # § 7101
    repeat_correction_months: int = 6  # § 7023


@dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """One jurisdiction's rules from `valid_from` on: a row of the table.

    Rows are compared by identity (`eq=False`): memos have them as keys, and hashing every field would be slow.

    `signals_required`: the law makes signals binding (they are honoured everywhere regardless).
    `opt_in_below`: younger visitors need an affirmative opt-in. `parent_below`: only a parent's counts.
    `show_status`: processing of a signal must be displayed (§ 7025(c)(6) as amended).
    """

    code: str
    name: str
    valid_from: date
    sale: Model
    share: Model
    sensitive: Model
    opt_in_below: int
    parent_below: int
    signals_required: bool
    show_status: bool
    gpp_section: int | None
    verified: bool
    clocks: Clocks = Clocks()

    def model_of(self, right: Right) -> Model:
        """Return the model of this right."""
        if right is Right.SALE:
            return self.sale
        return self.share if right is Right.SHARE else self.sensitive

    @property
    def us_privacy_applies(self) -> bool:
        """True if the US Privacy string says more than "not applicable"."""
        return self.code.startswith("us-")

    def is_minor(self, age: AgeBand | None) -> bool:
        """Return True if this age needs an affirmative opt-in. A band counts by its youngest member."""
        return age is not None and age < self.opt_in_below

    def needs_parent(self, age: AgeBand | None) -> bool:
        """Return True if only a parent's consent counts at this age."""
        return age is not None and age < self.parent_below


def _california_row(valid_from: date, *, show_status: bool) -> Regime:
    return Regime(
        code="us-ca",
        name="California",
        valid_from=valid_from,
        sale=Model.OPT_OUT,
        share=Model.OPT_OUT,
        sensitive=Model.OPT_OUT,  # "limit": Civ. Code 1798.121
        opt_in_below=16,  # Civ. Code 1798.120(c)
        parent_below=13,
        signals_required=True,
        show_status=show_status,
        gpp_section=8,
        verified=True,
    )


def _state_row(code: str, name: str, valid_from: date, gpp_section: int | None) -> Regime:
    return Regime(
        code=code,
        name=name,
        valid_from=valid_from,
        sale=Model.OPT_OUT,
        share=Model.OPT_OUT,
        sensitive=Model.OPT_IN,
        opt_in_below=18,
        parent_below=13,
        signals_required=True,
        show_status=True,
        gpp_section=gpp_section,
        verified=False,
    )


ELSEWHERE: Final = Regime(
    code="elsewhere",
    name="Outside the United States",
    valid_from=date(2018, 5, 25),
    sale=Model.OPT_IN,
    share=Model.OPT_IN,
    sensitive=Model.OPT_IN,
    opt_in_below=18,
    parent_below=16,
    signals_required=False,
    show_status=True,
    gpp_section=None,
    verified=False,
)

ROWS: Final[tuple[Regime, ...]] = (
    _california_row(date(2023, 3, 29), show_status=False),
    _california_row(date(2026, 1, 1), show_status=True),
    _state_row("us-co", "Colorado", date(2024, 7, 1), 10),
    _state_row("us-ct", "Connecticut", date(2025, 1, 1), 12),
    _state_row("us-tx", "Texas", date(2025, 1, 1), 16),
    _state_row("us-mt", "Montana", date(2025, 1, 1), 14),
    _state_row("us-ne", "Nebraska", date(2025, 1, 1), 19),
    _state_row("us-nh", "New Hampshire", date(2025, 1, 1), 20),
    _state_row("us-nj", "New Jersey", date(2025, 7, 15), 21),
    _state_row("us-mn", "Minnesota", date(2025, 7, 31), 23),
    _state_row("us-md", "Maryland", date(2025, 10, 1), None),  # section 24's layout is not settled
    _state_row("us-de", "Delaware", date(2026, 1, 1), 17),
    _state_row("us-or", "Oregon", date(2026, 1, 1), 15),
    ELSEWHERE,
)


def known_codes() -> frozenset[str]:
    """Return the codes of all regimes in the table."""
    return frozenset(row.code for row in ROWS)


@lru_cache(maxsize=1000)
def regime_on(code: str, day: date) -> Regime:
    """Return the row of this regime in force on this day.

    Raises LookupError if there is none: an unknown regime is an error, never a default.
    """
    rows = [row for row in ROWS if row.code == code and row.valid_from <= day]
    if not rows:
        raise LookupError(f"no regime {code!r} in force on {day}; known: {', '.join(sorted(known_codes()))}")
    return max(rows, key=lambda row: row.valid_from)


@lru_cache(maxsize=1000)
def rows_from(codes: tuple[str, ...], day: date) -> tuple[Regime, ...]:
    """Return the rows of these regimes that are in force on this day or come into force later.

    Raises LookupError as `regime_on` does.
    """
    to_come = (row for row in ROWS if row.code in codes and row.valid_from > day)
    return (*(regime_on(code, day) for code in codes), *to_come)


def regime_code_at(location: Location, codes: Sequence[str]) -> str:
    """Return the code of the site's regime that applies at this location.

    `codes`: the site's regimes, its own first. A site without a regime for a location treats visitors from
    there as its own.
    """
    if location.country is None:
        return codes[0]
    code = ELSEWHERE.code
    if location.country == UNITED_STATES:
        code = f"us-{(location.region or '').lower()}"
    return code if code in codes else codes[0]


def default_answers(regime: Regime) -> Mapping[Right, Answer]:
    """Return the answer for each right of a visitor without a record."""
    return {right: regime.model_of(right).default_answer for right in RIGHTS}


def strictest_defaults(regimes: Iterable[Regime]) -> Mapping[Right, Answer]:
    """Return the strictest default for each right under all these regimes.

    For a visitor whose location is unknown.
    """
    rows = tuple(regimes)
    return {
        right: Answer.DENIED if any(row.model_of(right) is Model.OPT_IN for row in rows) else Answer.ALLOWED
        for right in RIGHTS
    }
