"""Opt-outs of another tool's export, beside a record here."""

from __future__ import annotations

from hypothesis import given

from consent_service.domain.facts import ChoiceMade, apply_fact, fold_facts
from consent_service.domain.prior_choices import imported_choice, inherited_choice
from consent_service.domain.standing import Standing
from consent_service.domain.words import RIGHTS, SALE_AND_SHARE, Method, Right, Stance, Step

from .strategies import standings

IN, OUT = Stance.OPTED_IN, Stance.OPTED_OUT


def test_a_line_denies_what_is_not_denied_yet_and_nothing_twice() -> None:
    choice = imported_choice(SALE_AND_SHARE, None, 7)
    assert choice == ChoiceMade(7, sale=OUT, share=OUT, method=Method.IMPORT)
    assert imported_choice(SALE_AND_SHARE, fold_facts([choice]), 9) is None
    assert imported_choice(RIGHTS, fold_facts([choice]), 9) == ChoiceMade(
        9, sensitive=OUT, method=Method.IMPORT
    )


def test_whoever_decided_here_in_two_steps_was_asked_about_this_very_site() -> None:
    theirs = fold_facts([ChoiceMade(1, sale=OUT, share=OUT, method=Method.IMPORT)])
    plain, confirmed = (
        fold_facts([ChoiceMade(5, sale=IN, share=IN, step=step)]) for step in (Step.ONLY, Step.CONFIRMED)
    )
    assert inherited_choice(theirs, None, 9) == ChoiceMade(9, sale=OUT, share=OUT, method=Method.IMPORT)
    assert inherited_choice(theirs, plain, 9) is not None
    assert inherited_choice(theirs, confirmed, 9) is None


@given(standings(), standings())
def test_rule_3_an_imported_record_only_ever_denies(theirs: Standing, own: Standing) -> None:
    choice = inherited_choice(theirs, own, 9)
    after = own if choice is None else apply_fact(own, choice)
    for right in Right:
        if after.choice_on(right) != own.choice_on(right):
            assert after.choice_on(right).stance is OUT
            assert theirs.choice_on(right).stance is OUT
