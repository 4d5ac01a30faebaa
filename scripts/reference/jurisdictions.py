"""The page of the jurisdictions: which laws are known, from when, and with what effect, from the table of regimes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from consent_service.domain.regimes import ROWS, Clocks, Model, Regime
from consent_service.domain.words import Right
from reference.markdown import code, page, table, words_for

_ABOUT: Final = """\
A site names the law that binds it as `regime`, and further laws as `regimes`. The service applies the row that is in
force on the day of the call. `check` refuses a code that is not in this table.

- **opt-out**: a visitor who decided nothing is `allowed`. An opt-out or the signal denies.
- **opt-in**: a visitor who decided nothing is `denied`. Only a choice in two steps allows.

The service honours the signal everywhere. The column *signal* says where the law itself demands it.
"""
_CHECKED: Final = """\
A row that says "secondary sources" was not read from the law itself. It takes the stricter reading: the use of
sensitive information needs an opt-in, and so does everybody under 18. Read in the law: {read}. Ask your lawyer
before you rely on any row.
"""
_PLACES: Final = """\
A visitor's place decides which of the site's laws applies: see [places](../operate/serving.md#places). Where the
place is unknown, or the site names no law for it, the site's own `regime` binds. A choice is judged under every law
of the site, so that a wrong place never opts anybody in.
"""
_CLOCKS: Final = {
    "confirm_receipt_business_days": ("Confirm that a request came", "business days", "§ 7021(a)"),
    "respond_days": ("Answer a request", "days", "§ 7021(b)"),
    "extend_days": ("Extend that once, with reasons", "days", "§ 7021(b)"),
    "opt_out_business_days": (
        "Carry out an opt-out at the latest",
        "business days",
        "§§ 7026(f)(1), 7027(g)(1)",
    ),
    "reask_months": (
        "Ask nobody again who opted out",
        "months",
        "§§ 7026(k), 7027(l); Civ. Code 1798.135(c)(4)",
    ),
    "records_months": ("Keep records at least", "months", "§ 7101"),
    "repeat_correction_months": ("Refuse the same correction again within", "months", "§ 7023"),
}


def render() -> str:
    """Return the whole page."""
    words_for("jurisdictions", asdict(Clocks()), _CLOCKS)
    header = ("`regime`", "jurisdiction", "in force from", "sale", "sharing", "sensitive information")
    ages = (
        "`regime`",
        "opt-in needed below",
        "only a parent's consent below",
        "signal",
        "GPP section",
        "source",
    )
    return page(
        "Jurisdictions",
        _ABOUT,
        table(header, ((*_head(row), *(_model(row.model(right)) for right in Right)) for row in ROWS)),
        "## Ages, signal, strings",
        table(ages, (_effects(row) for row in ROWS)),
        _CHECKED.format(read=", ".join(dict.fromkeys(row.name for row in ROWS if row.verified))),
        "## Which one binds",
        _PLACES,
        "## Clocks",
        "\n\n".join(_clocks()),
    )


def _head(row: Regime) -> tuple[str, str, str]:
    return code(row.code), row.name, row.valid_from.isoformat()


def _model(model: Model) -> str:
    return "opt-out" if model is Model.OPT_OUT else "opt-in"


def _effects(row: Regime) -> tuple[str, ...]:
    """Return the cells of ages, signal and strings."""
    again = sum(other.code == row.code for other in ROWS) > 1
    name = f"{code(row.code)} from {row.valid_from}" if again else code(row.code)
    section = f"[{row.gpp_section}](gpp-sections.md)" if row.gpp_section else "none of its own"
    signal = "demanded" if row.signals_required else "not demanded"
    shown = ", and its processing is shown" if row.show_status else ""
    return (
        name,
        f"{row.opt_in_below}",
        f"{row.parent_below}",
        signal + shown,
        section if row.us_privacy_applies else "none",
        "the law" if row.verified else "secondary sources",
    )


def _clocks() -> Iterator[str]:
    """Yield one table for each set of time limits that some row has."""
    for clocks in dict.fromkeys(row.clocks for row in ROWS):
        codes = dict.fromkeys(code(row.code) for row in ROWS if row.clocks == clocks)
        whose = (
            "Every row has these limits"
            if len(codes) == len({row.code for row in ROWS})
            else ", ".join(codes)
        )
        values = asdict(clocks)
        rows = ((what, f"{values[name]} {unit}", source) for name, (what, unit, source) in _CLOCKS.items())
        yield f"{whose}. Sections without a name are California's regulations (Cal. Code Regs. tit. 11)."
        yield table(("what", "limit", "source"), rows)
