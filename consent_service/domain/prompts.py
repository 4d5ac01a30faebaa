"""Prompts: the notices and the banner that a page should show, and when a visitor may be asked again.

After an opt-out, a limit or a signal nobody is asked for twelve months (§§ 7026(k), 7027(l); Civ. Code
1798.135(c)(4)); the visitor may change the choice at any time.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import NamedTuple

from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution
from consent_service.domain.standing import Standing
from consent_service.domain.words import RIGHTS, SALE_AND_SHARE, Basis, Stance


class Show(NamedTuple):
    """Notices and banner that the page should show.

    `banner`: asking is allowed and the visitor has not decided. `honored`: "Opt-Out Request Honored" (§
    7025(c)(6)). `conflict`: a signal met a stored opt-in; the visitor may be told so once (§ 7025(c)(3)).
    """

    banner: bool
    honored: bool
    conflict: bool


def months_later(at: int, months: int) -> int:
    """Return the same day and time `months` later, or the last day of that month; Unix seconds, UTC."""
    start = datetime.fromtimestamp(at, UTC)
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def may_ask_after(standing: Standing | None, regime: Regime) -> int | None:
    """Return the Unix second from which consent may be asked for again, or None if it may be asked now."""
    if standing is None:
        return None
    outs = [
        choice.at
        for choice in (standing.choice_on(right) for right in RIGHTS)
        if choice.stance is Stance.OPTED_OUT
    ]
    refusals = [*outs, *([standing.gpc_at] if standing.gpc_at else [])]
    if not refusals:
        return None
    return months_later(max(refusals), regime.clocks.reask_months)


def prompts_for(standing: Standing | None, resolution: Resolution, regime: Regime, now: int) -> Show:
    """Return the notices and the banner for this visitor's page at `now` (Unix seconds)."""
    honored = any(resolution.ruling(right).basis is Basis.GPC for right in SALE_AND_SHARE)
    opted_in = standing is not None and any(
        standing.choice_on(right).stance is Stance.OPTED_IN for right in SALE_AND_SHARE
    )
    return Show(
        banner=not honored and not opted_in and _may_ask(standing, resolution, regime, now),
        honored=honored,
        conflict=honored and opted_in,
    )


def _may_ask(standing: Standing | None, resolution: Resolution, regime: Regime, now: int) -> bool:
    if any(resolution.ruling(right).basis in (Basis.UNAVAILABLE, Basis.MINOR) for right in SALE_AND_SHARE):
        return False
    after = may_ask_after(standing, regime)
    return after is None or now >= after
