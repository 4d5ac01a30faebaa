"""What an erased visitor leaves behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.domain.facts import Erased, apply, fold
from consent_service.domain.records import unpack_record
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import resolve
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Choice, Standing
from consent_service.domain.suppression import NOBODY, beginning, pack_suppression, suppressing
from consent_service.domain.words import RIGHTS, SALE_AND_SHARE, AgeBand, Stance

from .strategies import NOW, regimes, standings

LIMITED = Choice(Stance.OPTED_OUT, at=5)
LIFTED = Choice(Stance.OPTED_IN, confirmed=True, at=5)
nothing_or = st.none() | standings()


@given(regimes(), nothing_or, nothing_or)
def test_rule_8_what_was_denied_stays_denied_whatever_stood(
    regime: Regime, before: Standing | None, after: Standing | None
) -> None:
    left = resolve(regime, Sources.NONE, suppressing(before, after, NOW), None, NOW)
    assert all(left.ruling(right).denied for right in SALE_AND_SHARE)
    if after is not None:
        stood = resolve(regime, Sources.NONE, after, None, NOW)
        assert all(left.ruling(right).denied for right in RIGHTS if stood.ruling(right).denied)


@given(regimes(), nothing_or, standings())
def test_a_suppression_never_shrinks(regime: Regime, before: Standing | None, after: Standing) -> None:
    first = suppressing(None, before, NOW)
    second = suppressing(first, after, NOW)
    for right in RIGHTS:
        if resolve(regime, Sources.NONE, first, None, NOW).ruling(right).denied:
            assert resolve(regime, Sources.NONE, second, None, NOW).ruling(right).denied


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
    left = suppressing(None, after, NOW)
    assert (left.sensitive.stance is Stance.OPTED_OUT) is sensitive


@given(nothing_or, nothing_or)
def test_it_holds_which_rights_and_since_when_and_nothing_else(
    before: Standing | None, after: Standing | None
) -> None:
    left = suppressing(before, after, NOW)
    out = Choice(Stance.OPTED_OUT, at=NOW)
    assert left in (Standing(sale=out, share=out), Standing(sale=out, share=out, sensitive=out))
    assert unpack_record(pack_suppression(left)) == (NOBODY, left)


@given(nothing_or)
def test_a_record_that_begins_behind_it_denies_the_same_from_then_on(after: Standing | None) -> None:
    left = suppressing(None, after, 7)
    begun = fold([beginning(left, NOW)])
    assert begun.latest_at == NOW
    assert [begun.choice(right).stance for right in RIGHTS] == [left.choice(right).stance for right in RIGHTS]


@given(standings())
def test_nothing_stands_behind_an_erasure(standing: Standing) -> None:
    assert apply(standing, Erased(NOW)) == Standing()
