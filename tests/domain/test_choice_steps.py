"""Choices that count at once, and those that need the second step (design rules 3, 4 and 10)."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from consent_service.domain.choice_steps import Situation, confirmed_fact, first_step_fact, split_choice
from consent_service.domain.facts import ChoiceMade, Incentive, SignalSeen, apply_fact, fold_facts
from consent_service.domain.regimes import Regime, regime_on
from consent_service.domain.resolution import resolve
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import REJECTED, AgeBand, Right, Stance, Step

from .strategies import CALIFORNIA, COLORADO, ELSEWHERE, NOW, choices, codes, regimes, sources, standings

IN, OUT = Stance.OPTED_IN, Stance.OPTED_OUT
TODAY = date(2026, 11, 22)
SINGLE = st.just(Step.ONLY)
KEEP = ChoiceMade(10, sale=IN, share=IN)


def test_keeping_what_is_allowed_happens_at_once() -> None:
    decided = split_choice(KEEP, Situation(CALIFORNIA, Sources.NONE, None))
    assert decided == (KEEP, None, False)


def test_opting_in_after_an_opt_out_waits_for_the_second_step() -> None:
    standing = fold_facts([ChoiceMade(1, sale=OUT, share=OUT)])
    decided = split_choice(KEEP, Situation(CALIFORNIA, Sources.NONE, standing))
    assert decided.at_once is None
    assert decided.to_confirm == KEEP


def test_opting_in_against_a_signal_waits_for_the_second_step() -> None:
    live = split_choice(KEEP, Situation(CALIFORNIA, Sources.HEADER, None))
    recorded = split_choice(
        KEEP, Situation(CALIFORNIA, Sources.NONE, fold_facts([SignalSeen(1, Sources.SCRIPT)]))
    )
    assert live.at_once is recorded.at_once is None
    assert live.to_confirm == recorded.to_confirm == KEEP


def test_opting_in_where_an_opt_in_is_needed_waits_for_the_second_step() -> None:
    assert split_choice(KEEP, Situation(ELSEWHERE, Sources.NONE, None)).to_confirm == KEEP


def test_a_visitor_who_cannot_be_recognised_can_opt_out_and_only_ask_to_opt_in() -> None:
    mixed = ChoiceMade(10, sale=OUT, share=IN)
    decided = split_choice(mixed, Situation(CALIFORNIA, Sources.NONE, REJECTED))
    assert decided.at_once == ChoiceMade(10, sale=OUT)
    assert decided.to_confirm == ChoiceMade(10, share=IN)


def test_leaving_a_programme_happens_at_once_and_joining_waits() -> None:
    leave = ChoiceMade(10, incentive=Incentive(2, False))
    join = ChoiceMade(10, incentive=Incentive(2, True))
    situation = Situation(CALIFORNIA, Sources.NONE, None)
    assert split_choice(leave, situation).at_once == leave
    assert split_choice(join, situation) == (None, join, False)


def test_a_first_word_on_age_and_a_lower_age_are_taken_at_once() -> None:
    teen = ChoiceMade(10, age=AgeBand.FROM_13_TO_15)
    assert split_choice(teen, Situation(CALIFORNIA, Sources.NONE, None)).at_once == teen
    adult = fold_facts([ChoiceMade(1, age=AgeBand.ADULT)])
    assert split_choice(teen, Situation(CALIFORNIA, Sources.NONE, adult)).at_once == teen


def test_raising_the_age_of_a_minor_waits_for_the_second_step() -> None:
    grown = ChoiceMade(10, age=AgeBand.ADULT)
    minor = fold_facts([ChoiceMade(1, age=AgeBand.FROM_13_TO_15)])
    assert split_choice(grown, Situation(CALIFORNIA, Sources.NONE, minor)).to_confirm == grown
    almost = fold_facts([ChoiceMade(1, age=AgeBand.FROM_16_TO_17)])
    assert split_choice(grown, Situation(CALIFORNIA, Sources.NONE, almost)).at_once == grown


def test_a_minor_of_any_regime_of_the_site_is_one_under_each() -> None:
    minor = fold_facts([ChoiceMade(1, age=AgeBand.FROM_16_TO_17)])
    at_home = Situation(CALIFORNIA, Sources.NONE, minor, binding=(CALIFORNIA, COLORADO))
    for asked in (ChoiceMade(10, age=AgeBand.ADULT), KEEP):
        assert split_choice(asked, at_home) == (None, asked, False)
    grown = fold_facts([ChoiceMade(1, age=AgeBand.ADULT)])
    assert split_choice(KEEP, replace(at_home, standing=grown)).at_once == KEEP


def test_the_age_below_which_a_parent_consents_is_the_highest_of_the_site() -> None:
    teen = fold_facts([ChoiceMade(1, age=AgeBand.FROM_13_TO_15)])
    for asked in (KEEP, ChoiceMade(10, age=AgeBand.ADULT)):
        decided = split_choice(
            asked, Situation(CALIFORNIA, Sources.NONE, teen, binding=(CALIFORNIA, ELSEWHERE))
        )
        assert decided == (None, None, True)


def test_what_another_regime_only_denies_by_default_is_kept_at_once_and_stays_denied_there() -> None:
    kept = split_choice(KEEP, Situation(CALIFORNIA, Sources.NONE, None, binding=(ELSEWHERE,))).at_once
    assert kept == KEEP
    assert resolve(ELSEWHERE, Sources.NONE, fold_facts([kept]), None, 10).sale.denied


def test_for_a_child_only_a_parent_can_consent() -> None:
    child = fold_facts([ChoiceMade(1, age=AgeBand.UNDER_13)])
    for asked in (KEEP, ChoiceMade(10, age=AgeBand.ADULT)):
        decided = split_choice(asked, Situation(CALIFORNIA, Sources.NONE, child))
        assert decided == (None, None, True)
    said_now = split_choice(replace(KEEP, age=AgeBand.UNDER_13), Situation(CALIFORNIA, Sources.NONE, None))
    assert said_now == (ChoiceMade(10, age=AgeBand.UNDER_13), None, True)


def test_the_two_steps_are_two_facts() -> None:
    assert first_step_fact(KEEP, 11) == replace(KEEP, at=11, step=Step.ASKED)
    assert confirmed_fact(KEEP, 12) == replace(KEEP, at=12, step=Step.CONFIRMED)


@settings(max_examples=300)
@given(codes(), sources, standings(), st.lists(st.tuples(codes(), sources, choices(SINGLE)), max_size=6))
def test_rule_3_no_sequence_of_single_posts_ever_opts_in(
    judged_under: str, live: Sources, standing: Standing, posts: list[tuple[str, Sources, ChoiceMade]]
) -> None:
    """Whatever is posted, under whatever regimes of a site, no right that was denied becomes allowed."""
    judge = regime_on(judged_under, TODAY)
    site = (CALIFORNIA, COLORADO, ELSEWHERE)
    before = resolve(judge, live, standing, None, NOW)
    for code, signals, post in posts:
        asked = replace(post, at=NOW)
        decided = split_choice(asked, Situation(regime_on(code, TODAY), signals, standing, binding=site))
        for fact in (decided.at_once, decided.to_confirm and first_step_fact(decided.to_confirm, NOW)):
            standing = apply_fact(standing, fact) if fact else standing
    after = resolve(judge, live, standing, None, NOW)
    for right in Right:
        assert not before.ruling(right).denied or after.ruling(right).denied


@given(regimes(), sources, standings(), choices(SINGLE))
def test_rule_4_whatever_restricts_happens_at_once(
    regime: Regime, live: Sources, standing: Standing, post: ChoiceMade
) -> None:
    decided = split_choice(replace(post, at=NOW), Situation(regime, live, standing))
    after = apply_fact(standing, decided.at_once) if decided.at_once else standing
    for right in Right:
        if post.stance_on(right) is OUT:
            assert after.choice_on(right).stance is OUT
    if decided.to_confirm is not None:
        assert all(decided.to_confirm.stance_on(right) is not OUT for right in Right)


@given(regimes(), sources, standings(), choices(SINGLE))
def test_every_part_of_what_was_asked_is_done_waits_or_needs_a_parent(
    regime: Regime, live: Sources, standing: Standing, post: ChoiceMade
) -> None:
    decided = split_choice(replace(post, at=NOW), Situation(regime, live, standing))
    if decided.needs_parent:
        assert decided.to_confirm is None
        return
    parts = [part for part in decided[:2] if isinstance(part, ChoiceMade)]
    for name in ("sale", "share", "sensitive", "age", "incentive"):
        asked = getattr(post, name)
        assert [getattr(part, name) for part in parts if getattr(part, name) is not None] == (
            [] if asked is None else [asked]
        )
