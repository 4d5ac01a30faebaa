"""The fold of facts."""

from __future__ import annotations

from hypothesis import given
from msgspec.structs import replace

from consent_service.domain.facts import Carried, ChoiceMade, Incentive, SignalSeen, apply_fact, fold_facts
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import AgeBand, Method, Right, Stance, Step

from .strategies import choices, standings

IN, OUT = Stance.OPTED_IN, Stance.OPTED_OUT


def test_the_first_sight_of_a_signal_keeps_its_time() -> None:
    standing = fold_facts([SignalSeen(5, Sources.HEADER), SignalSeen(9, Sources.SCRIPT)])
    assert (standing.gpc, standing.gpc_at) == (Sources.HEADER | Sources.SCRIPT, 5)


def test_a_confirmation_is_over_the_signal_only_when_the_signal_came_first() -> None:
    confirm = ChoiceMade(9, sale=IN, sensitive=IN, step=Step.CONFIRMED)
    after = fold_facts([SignalSeen(5, Sources.HEADER), confirm])
    before = fold_facts([confirm, SignalSeen(10, Sources.HEADER)])
    assert after.sale.over_signal
    assert not before.sale.over_signal
    assert not after.sensitive.over_signal, "the signal never speaks of sensitive information"


def test_opting_out_drops_every_confirmation() -> None:
    confirm = ChoiceMade(9, sale=IN, step=Step.CONFIRMED)
    standing = fold_facts(
        [SignalSeen(5, Sources.HEADER), confirm, ChoiceMade(12, sale=OUT, method=Method.LINK)]
    )
    assert standing.sale.stance is OUT
    assert not standing.sale.confirmed
    assert standing.sale.method is Method.LINK


def test_a_plain_keep_never_weakens_what_was_confirmed() -> None:
    confirm = ChoiceMade(9, sale=IN, step=Step.CONFIRMED)
    assert fold_facts([confirm, ChoiceMade(12, sale=IN)]).sale == fold_facts([confirm]).sale


def test_an_age_said_again_keeps_its_time_and_the_parents_consent() -> None:
    child = Standing(age=AgeBand.UNDER_13, parental_consent=True, age_at=7)
    assert apply_fact(child, ChoiceMade(9, age=AgeBand.UNDER_13)) == child
    older = apply_fact(child, ChoiceMade(9, age=AgeBand.FROM_13_TO_15))
    assert (older.age, older.parental_consent, older.age_at) == (AgeBand.FROM_13_TO_15, False, 9)


def test_what_was_carried_forward_stands_for_all_before_it() -> None:
    kept = fold_facts([ChoiceMade(2, sale=OUT)])
    assert fold_facts([SignalSeen(1, Sources.HEADER), Carried(9, kept)]) == kept


def test_programmes_are_joined_and_left_one_by_one() -> None:
    joined = fold_facts(
        [ChoiceMade(1, incentive=Incentive(0, True)), ChoiceMade(2, incentive=Incentive(3, True))]
    )
    assert joined.programmes == 0b1001
    assert apply_fact(joined, ChoiceMade(3, incentive=Incentive(0, False))).programmes == 0b1000


@given(standings(), choices())
def test_the_first_step_alone_changes_nothing(standing: Standing, choice: ChoiceMade) -> None:
    assert apply_fact(standing, replace(choice, step=Step.ASKED)) == standing


@given(standings(), choices())
def test_rights_that_a_choice_does_not_name_stay_as_they_were(standing: Standing, choice: ChoiceMade) -> None:
    after = apply_fact(standing, choice)
    for right in Right:
        if choice.stance_on(right) is None:
            assert after.choice_on(right) == standing.choice_on(right)
    assert (after.gpc, after.gpc_at) == (standing.gpc, standing.gpc_at)
