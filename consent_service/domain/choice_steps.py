"""Steps of a choice: the part to record at once, and the part that needs the second step.

Opting out needs nothing. A part that would turn a denied right into an allowed one, raise a minor's age or
join an incentive programme needs a confirmation on the service's own page (§ 7028(a); Civ. Code
1798.125(b)(3)). Each part is judged under every regime of the site, because the place of a call can be
forged: the caller's regime can add a second step, never save one (design rule 3).
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from consent_service.domain.facts import ChoiceMade, apply_fact
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Ruling, resolve
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import RIGHTS, AgeBand, Basis, RejectedToken, Right, Stance, Step


class SplitChoice(NamedTuple):
    """A call's choice, split by the step that each part needs.

    `at_once`: part to record now; None if there is none. `to_confirm`: part that waits for the second step;
    None if there is none. `needs_parent`: some part needs a parent's consent at this age; it is in neither
    part.
    """

    at_once: ChoiceMade | None
    to_confirm: ChoiceMade | None
    needs_parent: bool = False


class Situation(Struct, frozen=True):
    """Facts and rules at the moment of a choice. The standings are as `resolution.resolve` takes them.

    `regime`: the regime of the caller's location. `binding`: every regime that may apply to this visitor
    elsewhere or later.
    """

    regime: Regime
    signals: Sources
    standing: Standing | RejectedToken | None
    consumer_standing: Standing | RejectedToken | None = None
    binding: tuple[Regime, ...] = ()

    @property
    def age_on_record(self) -> AgeBand | None:
        """Age on record; None if there is none or the record can't be read."""
        return self.standing.age if isinstance(self.standing, Standing) else None

    def is_minor(self, age: AgeBand | None) -> bool:
        """Return True if some regime asks for an affirmative opt-in at this age."""
        return any(regime.is_minor(age) for regime in (self.regime, *self.binding))

    def needs_parent(self, age: AgeBand | None) -> bool:
        """Return True if under some regime only a parent's consent counts at this age."""
        return any(regime.needs_parent(age) for regime in (self.regime, *self.binding))


def split_choice(wish: ChoiceMade, situation: Situation) -> SplitChoice:
    """Return the choice split into the part to record at once and the part that needs the second step.

    `wish.step` must be `ONLY`.
    """
    if _only_restricts(wish):
        return SplitChoice(wish, None)  # the common opt-out, and the reason why it is quick
    restricting = replace(
        wish,
        sale=_stance_if(wish.sale, Stance.OPTED_OUT),
        share=_stance_if(wish.share, Stance.OPTED_OUT),
        sensitive=_stance_if(wish.sensitive, Stance.OPTED_OUT),
        age=wish.age if _age_at_once(wish.age, situation) else None,
        incentive=wish.incentive if wish.incentive and not wish.incentive.joined else None,
    )
    # An age or opt-out in the same call counts before its opt-ins.
    after = replace(situation, standing=_standing_after(situation, restricting))
    already_allowed, lifted = _opt_ins(wish, after)
    at_once = restricting.opting_in(already_allowed)
    to_confirm = ChoiceMade(
        at=wish.at,
        method=wish.method,
        age=wish.age if restricting.age is None else None,
        incentive=wish.incentive if restricting.incentive is None else None,
    ).opting_in(lifted)
    if not to_confirm.is_empty and after.needs_parent(after.age_on_record):
        return SplitChoice(_unless_empty(at_once), None, needs_parent=True)
    return SplitChoice(_unless_empty(at_once), _unless_empty(to_confirm))


def confirmed_fact(to_confirm: ChoiceMade, at: int) -> ChoiceMade:
    """Return the fact to record when the second step is done."""
    return replace(to_confirm, at=at, step=Step.CONFIRMED)


def first_step_fact(to_confirm: ChoiceMade, at: int) -> ChoiceMade:
    """Return the fact that a visitor asked for something that now waits for the second step."""
    return replace(to_confirm, at=at, step=Step.ASKED)


def _only_restricts(wish: ChoiceMade) -> bool:
    return (
        wish.age is None
        and wish.incentive is None
        and Stance.OPTED_IN not in (wish.sale, wish.share, wish.sensitive)
        and not wish.is_empty
    )


def _opt_ins(wish: ChoiceMade, situation: Situation) -> tuple[list[Right], list[Right]]:
    """Return the rights to opt in: those that are allowed already, and those that are denied now."""
    # Not before the record's newest fact: `resolve` would take that for a clock that can't be trusted.
    now = situation.standing.latest_at if isinstance(situation.standing, Standing) else 0
    here, *elsewhere = (
        resolve(regime, situation.signals, situation.standing, situation.consumer_standing, max(now, wish.at))
        for regime in (situation.regime, *situation.binding)
    )
    opted_in = [right for right in RIGHTS if wish.stance_on(right) is Stance.OPTED_IN]
    already_allowed = [
        right
        for right in opted_in
        if not here.ruling(right).denied
        and not any(_denied_on_record(resolution.ruling(right)) for resolution in elsewhere)
    ]
    return already_allowed, [right for right in opted_in if right not in already_allowed]


def _denied_on_record(ruling: Ruling) -> bool:
    """Return True if a denial comes from the record. A default outlasts a kept choice (`resolution`)."""
    return ruling.denied and ruling.basis is not Basis.DEFAULT


def _age_at_once(age: AgeBand | None, situation: Situation) -> bool:
    """Return True if the age may be recorded at once.

    A first age or a lower one may. Raising the age of a known minor needs the second step.
    """
    age_before = situation.age_on_record
    return age_before is None or age is None or age <= age_before or not situation.is_minor(age_before)


def _standing_after(situation: Situation, fact: ChoiceMade) -> Standing | RejectedToken | None:
    if isinstance(situation.standing, RejectedToken) or fact.is_empty:
        return situation.standing
    return apply_fact(situation.standing or Standing(), fact)


def _stance_if(stance: Stance | None, kept_stance: Stance) -> Stance | None:
    return stance if stance is kept_stance else None


def _unless_empty(choice: ChoiceMade) -> ChoiceMade | None:
    return None if choice.is_empty else choice
