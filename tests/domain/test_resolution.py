"""The order of rules: who may what, and why. Test names say which rule of the design they hold."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from msgspec.structs import replace

from consent_service.domain.facts import ChoiceMade, DoubtRaised, Fact, SignalSeen, fold_facts
from consent_service.domain.regimes import Model, Regime
from consent_service.domain.resolution import (
    Resolution,
    Ruling,
    resolve,
    stricter_resolution,
    unavailable_resolution,
)
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import (
    REJECTED,
    SALE_AND_SHARE,
    AgeBand,
    Answer,
    Basis,
    RejectedToken,
    Right,
    Stance,
    Step,
)

from .strategies import CALIFORNIA, COLORADO, ELSEWHERE, NOW, regimes, some_sources, sources, standings

IN, OUT = Stance.OPTED_IN, Stance.OPTED_OUT
HEADER, NO_SIGNAL = Sources.HEADER, Sources.NONE
A, D = Answer.ALLOWED, Answer.DENIED


def both(at: int, stance: Stance, step: Step = Step.ONLY) -> ChoiceMade:
    return ChoiceMade(at, sale=stance, share=stance, step=step)


def confirmed(at: int) -> ChoiceMade:
    return both(at, IN, Step.CONFIRMED)


def signal(at: int) -> SignalSeen:
    return SignalSeen(at, HEADER)


CASES: list[tuple[str, Regime, Sources, list[Fact], list[Fact], Answer, Basis]] = [
    ("nothing known", CALIFORNIA, NO_SIGNAL, [], [], A, Basis.DEFAULT),
    ("nothing known, opt-in regime", ELSEWHERE, NO_SIGNAL, [], [], D, Basis.DEFAULT),
    ("live signal", CALIFORNIA, HEADER, [], [], D, Basis.GPC),
    ("recorded signal, none live", CALIFORNIA, NO_SIGNAL, [signal(1)], [], D, Basis.GPC),
    ("opted out", CALIFORNIA, NO_SIGNAL, [both(1, OUT)], [], D, Basis.CHOICE),
    ("kept", CALIFORNIA, NO_SIGNAL, [both(1, IN)], [], A, Basis.OPTED_IN),
    ("kept is no opt-in where one is needed", ELSEWHERE, NO_SIGNAL, [both(1, IN)], [], D, Basis.DEFAULT),
    ("confirmed where one is needed", ELSEWHERE, NO_SIGNAL, [confirmed(1)], [], A, Basis.OPTED_IN),
    ("signal after a stored opt-in", CALIFORNIA, HEADER, [confirmed(1)], [], D, Basis.GPC),
    ("affirmed", CALIFORNIA, HEADER, [signal(1), confirmed(2)], [], A, Basis.AFFIRMED),
    ("affirmed, signal gone", CALIFORNIA, NO_SIGNAL, [signal(1), confirmed(2)], [], A, Basis.AFFIRMED),
    ("opted out after affirming", CALIFORNIA, NO_SIGNAL, [signal(1), confirmed(2), both(3, OUT)], [], D, Basis.GPC),
    ("teenager", CALIFORNIA, NO_SIGNAL, [ChoiceMade(1, age=AgeBand.FROM_13_TO_15)], [], D, Basis.MINOR),
    ("teenager who kept", CALIFORNIA, NO_SIGNAL,
     [ChoiceMade(1, sale=IN, share=IN, age=AgeBand.FROM_13_TO_15)], [], D, Basis.MINOR),
    ("teenager who confirmed", CALIFORNIA, NO_SIGNAL,
     [ChoiceMade(1, age=AgeBand.FROM_13_TO_15), confirmed(2)], [], A, Basis.OPTED_IN),
    ("teenager who affirmed", CALIFORNIA, HEADER,
     [signal(1), ChoiceMade(2, age=AgeBand.FROM_13_TO_15), confirmed(3)], [], A, Basis.AFFIRMED),
    ("child who confirmed", CALIFORNIA, NO_SIGNAL,
     [ChoiceMade(1, age=AgeBand.UNDER_13), confirmed(2)], [], D, Basis.MINOR),
    ("child who affirmed", CALIFORNIA, HEADER,
     [signal(1), ChoiceMade(2, age=AgeBand.UNDER_13), confirmed(3)], [], D, Basis.MINOR),
    ("consumer opted out", CALIFORNIA, NO_SIGNAL, [], [both(1, OUT)], D, Basis.CONSUMER),
    ("consumer opted out before the device kept", CALIFORNIA, NO_SIGNAL,
     [both(2, IN)], [both(1, OUT)], D, Basis.CONSUMER),
    ("consumer confirmed after the device opted out", CALIFORNIA, NO_SIGNAL,
     [both(1, OUT)], [confirmed(2)], A, Basis.OPTED_IN),
    ("consumer only kept after the device opted out", CALIFORNIA, NO_SIGNAL,
     [both(1, OUT)], [both(2, IN)], D, Basis.CHOICE),
    ("consumer kept after the device kept", CALIFORNIA, NO_SIGNAL, [both(1, IN)], [both(2, IN)], A, Basis.OPTED_IN),
    ("same second on device and account", CALIFORNIA, NO_SIGNAL, [both(2, OUT)], [confirmed(2)], D, Basis.CHOICE),
    ("device kept after the consumer", CALIFORNIA, NO_SIGNAL, [both(3, IN)], [both(2, IN)], A, Basis.OPTED_IN),
    ("signal on the account answers on a new device", CALIFORNIA, NO_SIGNAL, [], [signal(1)], D, Basis.GPC),
    ("account affirmed, device's signal unknown to it", CALIFORNIA, HEADER,
     [], [signal(1), confirmed(2)], D, Basis.GPC),
    ("account affirmed, device without a signal", CALIFORNIA, NO_SIGNAL,
     [], [signal(1), confirmed(2)], A, Basis.AFFIRMED),
    ("account affirmed after the device's signal", CALIFORNIA, HEADER,
     [signal(1)], [signal(1), confirmed(2)], A, Basis.AFFIRMED),
    ("account affirmed before the device's signal", CALIFORNIA, HEADER,
     [signal(3)], [signal(1), confirmed(2)], D, Basis.GPC),
    ("device affirmed before the account's signal", CALIFORNIA, NO_SIGNAL,
     [signal(1), confirmed(2)], [signal(3)], D, Basis.GPC),
    ("begun in doubt", CALIFORNIA, NO_SIGNAL, [DoubtRaised(1)], [], D, Basis.UNAVAILABLE),
    ("begun in doubt, kept", CALIFORNIA, NO_SIGNAL, [DoubtRaised(1), both(2, IN)], [], D, Basis.UNAVAILABLE),
    ("begun in doubt, confirmed", CALIFORNIA, NO_SIGNAL, [DoubtRaised(1), confirmed(2)], [], A, Basis.OPTED_IN),
    ("begun in doubt, opted out", CALIFORNIA, NO_SIGNAL, [DoubtRaised(1), both(2, OUT)], [], D, Basis.CHOICE),
    ("the account is a teenager's", CALIFORNIA, NO_SIGNAL, [],
     [ChoiceMade(1, age=AgeBand.FROM_13_TO_15)], D, Basis.MINOR),
]  # fmt: skip


@pytest.mark.parametrize(
    ("regime", "signals", "own", "linked", "answer", "basis"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_sale_and_share_are_ruled_by_regime_signal_and_record(
    regime: Regime, signals: Sources, own: list[Fact], linked: list[Fact], answer: Answer, basis: Basis
) -> None:
    resolution = resolve(regime, signals, _standing(own), _standing(linked), NOW)
    assert resolution.sale == resolution.share == Ruling(answer, basis)
    assert resolution.basis is basis
    assert resolution.opted_out == (answer is D)


def _standing(facts: list[Fact]) -> Standing | None:
    return fold_facts(facts) if facts else None


def test_a_parents_consent_counts_for_a_child() -> None:
    child = Standing(age=AgeBand.UNDER_13, parental_consent=True, age_at=1)
    assert not resolve(CALIFORNIA, NO_SIGNAL, child, None, NOW).opted_out


@given(regimes(), some_sources, standings(), standings())
def test_rule_1_a_live_signal_denies_unless_affirmed(
    regime: Regime, live: Sources, own: Standing, linked: Standing
) -> None:
    resolution = resolve(regime, live, own, linked, NOW)
    for right in SALE_AND_SHARE:
        ruling = resolution.ruling(right)
        assert ruling.denied or ruling.basis is Basis.AFFIRMED
        if ruling.basis is Basis.AFFIRMED:
            holders = [record for record in (own, linked) if record.choice_on(right).over_signal]
            assert any(record.gpc_at <= record.choice_on(right).at for record in holders)


@given(regimes(), some_sources, standings())
def test_rule_1_a_signal_newer_than_every_confirmation_is_never_outranked(
    regime: Regime, seen: Sources, standing: Standing
) -> None:
    fresh = replace(standing, gpc=Sources.NONE, gpc_at=0)
    unaware = replace(
        fresh,
        sale=fresh.sale._replace(over_signal=False),
        share=fresh.share._replace(over_signal=False),
    )
    resolution = resolve(regime, seen, unaware, None, NOW)
    assert all(resolution.ruling(right).denied for right in SALE_AND_SHARE)


@given(regimes(), some_sources, standings(), standings())
def test_rule_1_a_signal_never_limits_sensitive(
    regime: Regime, live: Sources, own: Standing, linked: Standing
) -> None:
    with_signal = resolve(regime, live, own, linked, NOW)
    without = resolve(regime, NO_SIGNAL, own, linked, NOW)
    assert with_signal.sensitive == without.sensitive


@given(regimes(), sources, standings(), standings())
def test_rule_1_absence_of_a_signal_never_denies_less_than_the_record(
    regime: Regime, live: Sources, own: Standing, linked: Standing
) -> None:
    absent = resolve(regime, NO_SIGNAL, own, linked, NOW)
    for right in SALE_AND_SHARE:
        if (own.gpc or linked.gpc) and not absent.ruling(right).denied:
            assert absent.ruling(right).basis is Basis.AFFIRMED


@given(regimes(), sources, standings())
def test_rule_2_a_presented_identity_that_cannot_be_honoured_is_denied(
    regime: Regime, live: Sources, standing: Standing
) -> None:
    pairs: list[tuple[Standing | RejectedToken | None, Standing | RejectedToken | None]] = [
        (REJECTED, None),
        (REJECTED, standing),
        (standing, REJECTED),
        (None, REJECTED),
    ]
    for own, linked in pairs:
        resolution = resolve(regime, live, own, linked, NOW)
        assert resolution == unavailable_resolution(live)
        assert resolution.basis is Basis.UNAVAILABLE
        assert resolution.opted_out


@given(regimes(), sources, standings())
def test_rule_2_a_clock_behind_the_record_is_denied(
    regime: Regime, live: Sources, standing: Standing
) -> None:
    if standing.latest_at:
        behind = standing.latest_at - 1
        assert resolve(regime, live, standing, None, behind) == unavailable_resolution(live)
        assert resolve(regime, live, None, standing, behind) == unavailable_resolution(live)


@given(regimes(), sources, standings(), standings())
def test_rule_10_a_minor_without_a_confirmed_opt_in_is_denied(
    regime: Regime, live: Sources, own: Standing, linked: Standing
) -> None:
    if regime.is_minor(own.age):
        resolution = resolve(regime, live, own, linked, NOW)
        for right in Right:
            consented = own.choice_on(right).confirmed or linked.choice_on(right).confirmed
            assert consented or resolution.ruling(right).denied


def test_the_flag_has_one_basis_for_all_rights() -> None:
    limited = fold_facts([ChoiceMade(1, sensitive=OUT)])
    assert resolve(CALIFORNIA, NO_SIGNAL, limited, None, NOW).basis is Basis.CHOICE
    affirmed = fold_facts([signal(1), confirmed(2)])
    assert resolve(COLORADO, HEADER, affirmed, None, NOW).basis is Basis.AFFIRMED
    sale_out = fold_facts([ChoiceMade(1, sale=OUT), ChoiceMade(2, share=IN)])
    assert resolve(CALIFORNIA, NO_SIGNAL, sale_out, None, NOW).basis is Basis.CHOICE
    assert resolve(CALIFORNIA, NO_SIGNAL, None, None, NOW).basis is Basis.DEFAULT


def test_of_two_resolutions_the_stricter_holds_right_by_right() -> None:
    opted_out = resolve(CALIFORNIA, NO_SIGNAL, fold_facts([both(1, OUT)]), None, NOW)
    limited = resolve(CALIFORNIA, HEADER, fold_facts([ChoiceMade(1, sensitive=OUT)]), None, NOW)
    together = stricter_resolution(opted_out, limited)
    assert together == Resolution(opted_out.sale, opted_out.share, limited.sensitive, gpc=True)
    assert stricter_resolution(limited, opted_out).sale.basis is Basis.GPC


def test_the_models_of_a_regime_are_kept_apart() -> None:
    only_sale = dataclasses.replace(CALIFORNIA, sale=Model.OPT_IN)
    resolution = resolve(only_sale, NO_SIGNAL, None, None, NOW)
    assert [resolution.ruling(right).answer for right in Right] == [D, A, A]
