"""Twelve months of quiet, and what the page shows (design rule 9)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given

from consent_service.domain.facts import ChoiceMade, Fact, SignalSeen, fold_facts
from consent_service.domain.prompts import Show, may_ask_after, months_later, prompts_for
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import resolve
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import REJECTED, AgeBand, Stance, Step

from .strategies import CALIFORNIA, NOW, regimes, standings

IN, OUT = Stance.OPTED_IN, Stance.OPTED_OUT


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("start", "later"),
    [
        ("2026-11-22T10:00:00", "2027-11-22T10:00:00"),
        ("2028-02-29T23:59:59", "2029-02-28T23:59:59"),
        ("2026-12-31T00:00:00", "2027-12-31T00:00:00"),
    ],
)
def test_twelve_months_are_calendar_months(start: str, later: str) -> None:
    assert months_later(seconds(start), 12) == seconds(later)


def test_nothing_on_record_stands_in_the_way_of_asking() -> None:
    assert may_ask_after(None, CALIFORNIA) is None
    assert may_ask_after(fold_facts([ChoiceMade(5, sale=IN)]), CALIFORNIA) is None


def test_the_latest_refusal_starts_the_wait() -> None:
    at = seconds("2026-11-22T10:00:00")
    standing = fold_facts(
        [SignalSeen(at - 9, Sources.HEADER), ChoiceMade(at - 5, sale=OUT), ChoiceMade(at, sensitive=OUT)]
    )
    assert may_ask_after(standing, CALIFORNIA) == seconds("2027-11-22T10:00:00")
    assert may_ask_after(fold_facts([SignalSeen(at, Sources.HEADER)]), CALIFORNIA) == seconds(
        "2027-11-22T10:00:00"
    )


NOTHING = Show(banner=False, honored=False, conflict=False)
SHOWN: list[tuple[str, Sources, list[Fact], Show]] = [
    ("a first visit is asked", Sources.NONE, [], Show(banner=True, honored=False, conflict=False)),
    ("a signal is honoured and nobody asks", Sources.HEADER, [], Show(False, True, False)),
    ("an opt-out is not asked again", Sources.NONE, [ChoiceMade(NOW - 9, sale=OUT, share=OUT)],
     NOTHING),
    ("after twelve months it may be", Sources.NONE, [ChoiceMade(NOW - 400 * 86_400, sale=OUT, share=OUT)],
     Show(True, False, False)),
    ("who keeps is not asked again", Sources.NONE, [ChoiceMade(NOW - 9, sale=IN, share=IN)], NOTHING),
    ("a signal meets a stored opt-in", Sources.HEADER, [ChoiceMade(NOW - 9, sale=IN, share=IN)],
     Show(banner=False, honored=True, conflict=True)),
    ("an affirmed visitor sees nothing", Sources.HEADER,
     [SignalSeen(NOW - 9, Sources.HEADER), ChoiceMade(NOW - 8, sale=IN, share=IN, step=Step.CONFIRMED)],
     NOTHING),
    ("a minor is not asked", Sources.NONE, [ChoiceMade(NOW - 9, age=AgeBand.FROM_13_TO_15)], NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(
    ("live", "facts", "shown"), [case[1:] for case in SHOWN], ids=[case[0] for case in SHOWN]
)
def test_the_page_shows_banner_status_or_conflict_by_what_is_on_record(
    live: Sources, facts: list[Fact], shown: Show
) -> None:
    standing = fold_facts(facts) if facts else None
    assert prompts_for(standing, resolve(CALIFORNIA, live, standing, None, NOW), CALIFORNIA, NOW) == shown


def test_affirming_sale_alone_does_not_bring_the_question_back_over_a_live_signal() -> None:
    sale_only = fold_facts(
        [SignalSeen(NOW - 400 * 86_400, Sources.HEADER), ChoiceMade(NOW - 8, sale=IN, step=Step.CONFIRMED)]
    )
    resolution = resolve(CALIFORNIA, Sources.HEADER, sale_only, None, NOW)
    assert prompts_for(sale_only, resolution, CALIFORNIA, NOW) == Show(False, True, True)


def test_who_cannot_be_recognised_is_not_asked() -> None:
    resolution = resolve(CALIFORNIA, Sources.NONE, REJECTED, None, NOW)
    assert prompts_for(None, resolution, CALIFORNIA, NOW) == NOTHING


@given(regimes(), standings())
def test_rule_9_nobody_is_asked_within_twelve_months_of_a_refusal(regime: Regime, standing: Standing) -> None:
    after = may_ask_after(standing, regime)
    if after is not None and after > NOW:
        assert not prompts_for(
            standing, resolve(regime, Sources.NONE, standing, None, NOW), regime, NOW
        ).banner
