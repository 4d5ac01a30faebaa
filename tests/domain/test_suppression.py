"""Suppression: the remainder of an erased visitor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.domain.facts import Erased, apply_fact, fold_facts
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import resolve
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Choice, Standing, unpack_record
from consent_service.domain.suppression import NOBODY, first_fact_of, pack_suppression, suppression_of
from consent_service.domain.words import RIGHTS, SALE_AND_SHARE, AgeBand, Stance

from .strategies import NOW, regimes, standings

LIMITED = Choice(Stance.OPTED_OUT, at=5)
LIFTED = Choice(Stance.OPTED_IN, confirmed=True, at=5)
nothing_or = st.none() | standings()


@given(regimes(), nothing_or)
def test_rule_8_what_was_denied_stays_denied_whatever_stood(regime: Regime, stood: Standing | None) -> None:
    left = resolve(regime, Sources.NONE, suppression_of(stood, NOW), None, NOW)
    assert all(left.ruling(right).denied for right in SALE_AND_SHARE)
    if stood is not None:
        before = resolve(regime, Sources.NONE, stood, None, NOW)
        assert all(left.ruling(right).denied for right in RIGHTS if before.ruling(right).denied)


@given(nothing_or)
def test_to_suppress_what_is_suppressed_changes_nothing(stood: Standing | None) -> None:
    left = suppression_of(stood, NOW)
    assert suppression_of(left, NOW) == left


@pytest.mark.parametrize(
    ("after", "sensitive"),
    [
        (None, True),
        (Standing(sale=LIMITED), False),
        (Standing(sensitive=LIMITED), True),
        (Standing(sensitive=LIFTED), False),
        (Standing(doubted_at=5), True),
        (Standing(doubted_at=5, sensitive=LIFTED), False),
        (Standing(age=AgeBand.FROM_13_TO_15, age_at=5), True),
        (Standing(age=AgeBand.ADULT, age_at=5), False),
    ],
)
def test_sensitive_information_is_denied_for_good_where_it_was_or_nothing_is_known(
    after: Standing | None, sensitive: bool
) -> None:
    left = suppression_of(after, NOW)
    assert (left.sensitive.stance is Stance.OPTED_OUT) is sensitive


@given(nothing_or)
def test_a_suppression_holds_the_denied_rights_and_since_when_and_nothing_else(
    stood: Standing | None,
) -> None:
    left, out = suppression_of(stood, NOW), Choice(Stance.OPTED_OUT, at=NOW)
    assert left in (Standing(sale=out, share=out), Standing(sale=out, share=out, sensitive=out))
    assert unpack_record(pack_suppression(left)) == (NOBODY, left)


@given(nothing_or)
def test_a_record_that_begins_behind_it_denies_the_same_from_then_on(after: Standing | None) -> None:
    left = suppression_of(after, 7)
    begun = fold_facts([first_fact_of(left, NOW)])
    assert begun.latest_at == NOW
    assert [begun.choice_on(right).stance for right in RIGHTS] == [
        left.choice_on(right).stance for right in RIGHTS
    ]


@given(standings())
def test_an_erasure_leaves_an_empty_standing(standing: Standing) -> None:
    assert apply_fact(standing, Erased(NOW)) == Standing()
