"""Choosing: which part of what was asked happens at once, and which part needs the second step.

Opting out needs nothing. Whatever would turn a denied right into an allowed one, raise a minor's age or join
an incentive programme needs a confirmation on the service's own page (§ 7028(a); Civ. Code 1798.125(b)(3)).
Each is judged under every regime of the site, because the place of a call can be forged: the regime of the caller
can add a second step, never save one (design rule 3).
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from consent_service.domain.facts import ChoiceMade, apply
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Ruling, resolve
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import RIGHTS, AgeBand, Basis, Right, Stance, Step, Unhonoured


class Decided(NamedTuple):
    """What one call amounts to.

    `at_once` and `to_confirm` may both be None when nothing is left to do. `needs_parent`: something was asked
    that at this age only a parent can consent to; it is in neither part.
    """

    at_once: ChoiceMade | None
    to_confirm: ChoiceMade | None
    needs_parent: bool = False


class Situation(Struct, frozen=True):
    """What is known when somebody chooses. The standings are as `resolution.resolve` takes them.

    `regime`: the one that binds the caller. `binding`: every one that may bind this visitor elsewhere or later.
    """

    regime: Regime
    signals: Sources
    standing: Standing | Unhonoured | None
    consumer_standing: Standing | Unhonoured | None = None
    binding: tuple[Regime, ...] = ()

    @property
    def age(self) -> AgeBand | None:
        """The age on record; None where none is, or nothing can be known."""
        return self.standing.age if isinstance(self.standing, Standing) else None

    def is_minor(self, age: AgeBand | None) -> bool:
        """Return True if some regime asks for an affirmative opt-in at this age."""
        return any(regime.is_minor(age) for regime in (self.regime, *self.binding))

    def needs_parent(self, age: AgeBand | None) -> bool:
        """Return True if under some regime only a parent's consent counts at this age."""
        return any(regime.needs_parent(age) for regime in (self.regime, *self.binding))


def decide(asked: ChoiceMade, situation: Situation) -> Decided:
    """Split what was asked (`asked.step` is `ONLY`) by what it would do."""
    if _only_restricts(asked):
        return Decided(asked, None)  # the common opt-out, and the reason why it is quick
    restricting = replace(
        asked,
        sale=_only(asked.sale, Stance.OPTED_OUT),
        share=_only(asked.share, Stance.OPTED_OUT),
        sensitive=_only(asked.sensitive, Stance.OPTED_OUT),
        age=asked.age if _age_at_once(asked.age, situation) else None,
        incentive=asked.incentive if asked.incentive and not asked.incentive.joined else None,
    )
    after = replace(situation, standing=_after(situation, restricting))
    kept, lifted = _opt_ins(asked, after)
    at_once = restricting.opting_in(kept)
    to_confirm = ChoiceMade(
        at=asked.at,
        method=asked.method,
        age=asked.age if restricting.age is None else None,
        incentive=asked.incentive if restricting.incentive is None else None,
    ).opting_in(lifted)
    if not to_confirm.empty and after.needs_parent(after.age):
        return Decided(_unless_empty(at_once), None, needs_parent=True)
    return Decided(_unless_empty(at_once), _unless_empty(to_confirm))


def confirmed(to_confirm: ChoiceMade, at: int) -> ChoiceMade:
    """The fact that the second step records."""
    return replace(to_confirm, at=at, step=Step.CONFIRMED)


def first_step(to_confirm: ChoiceMade, at: int) -> ChoiceMade:
    """The fact that somebody asked for what now waits for the second step."""
    return replace(to_confirm, at=at, step=Step.ASKED)


def _only_restricts(asked: ChoiceMade) -> bool:
    return (
        asked.age is None
        and asked.incentive is None
        and Stance.OPTED_IN not in (asked.sale, asked.share, asked.sensitive)
        and not asked.empty
    )


def _opt_ins(asked: ChoiceMade, situation: Situation) -> tuple[list[Right], list[Right]]:
    """Rights asked to be opted in: those that the visitor only keeps, and those that are denied."""
    now = situation.standing.latest_at if isinstance(situation.standing, Standing) else 0
    here, *elsewhere = (
        resolve(
            regime, situation.signals, situation.standing, situation.consumer_standing, max(now, asked.at)
        )
        for regime in (situation.regime, *situation.binding)
    )
    opted_in = [right for right in RIGHTS if asked.stance(right) is Stance.OPTED_IN]
    kept = [
        right
        for right in opted_in
        if not here.ruling(right).denied
        and not any(_denied_on_record(one.ruling(right)) for one in elsewhere)
    ]
    return kept, [right for right in opted_in if right not in kept]


def _denied_on_record(ruling: Ruling) -> bool:
    """Return True if a denial comes from what is on record. A default outlasts what is kept (`resolution`)."""
    return ruling.denied and ruling.basis is not Basis.DEFAULT


def _age_at_once(age: AgeBand | None, situation: Situation) -> bool:
    """A first word on age, or a lower age, is taken at once; raising a known minor's needs the second step."""
    known = situation.age
    return known is None or age is None or age <= known or not situation.is_minor(known)


def _after(situation: Situation, fact: ChoiceMade) -> Standing | Unhonoured | None:
    if isinstance(situation.standing, Unhonoured) or fact.empty:
        return situation.standing
    return apply(situation.standing or Standing(), fact)


def _only(stance: Stance | None, wanted: Stance) -> Stance | None:
    return stance if stance is wanted else None


def _unless_empty(choice: ChoiceMade) -> ChoiceMade | None:
    return None if choice.empty else choice
