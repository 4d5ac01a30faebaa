"""Facts: everything that can happen to a standing, and the one fold that applies it.

Every ledger entry is one fact, so the fold of a visitor's entries is that visitor's standing. `choice_steps`
decides whether a fact may happen; here it has happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from consent_service.domain.signals import Sources
from consent_service.domain.standing import NO_CHOICE, Choice, Standing
from consent_service.domain.words import AgeBand, Method, Right, Stance, Step


class SignalSeen(Struct, frozen=True):
    """An opt-out preference signal, at its first sight from these sources."""

    at: int
    sources: Sources


class DoubtRaised(Struct, frozen=True):
    """The start of a record after an identity was presented that could not be honoured (design rule 2)."""

    at: int


class Incentive(NamedTuple):
    """Joining or leaving one incentive programme. `number`: its bit (0-7)."""

    number: int
    joined: bool


class ChoiceMade(Struct, frozen=True):
    """Decision of a visitor or consumer in one call. None means that the call did not mention the part."""

    at: int
    method: Method = Method.OTHER
    sale: Stance | None = None
    share: Stance | None = None
    sensitive: Stance | None = None
    age: AgeBand | None = None
    incentive: Incentive | None = None
    step: Step = Step.ONLY

    @classmethod
    def of(cls, stances: Mapping[Right, Stance], at: int, method: Method) -> ChoiceMade:
        """Return the choice of these stances alone, made at this time (Unix seconds)."""
        return cls(
            at, method, stances.get(Right.SALE), stances.get(Right.SHARE), stances.get(Right.SENSITIVE)
        )

    @property
    def is_confirmed(self) -> bool:
        """True if this is the second step of an opt-in."""
        return self.step is Step.CONFIRMED

    def stance_on(self, right: Right) -> Stance | None:
        """Return the stance on this right, or None if the call did not mention it."""
        if right is Right.SALE:
            return self.sale
        return self.share if right is Right.SHARE else self.sensitive

    def opting_in(self, rights: Collection[Right]) -> ChoiceMade:
        """Return the same choice with these rights opted in as well."""
        return replace(
            self,
            sale=Stance.OPTED_IN if Right.SALE in rights else self.sale,
            share=Stance.OPTED_IN if Right.SHARE in rights else self.share,
            sensitive=Stance.OPTED_IN if Right.SENSITIVE in rights else self.sensitive,
        )

    @property
    def is_empty(self) -> bool:
        """True if the choice changes nothing."""
        names_a_right = self.sale is not None or self.share is not None or self.sensitive is not None
        return not names_a_right and self.age is None and self.incentive is None


class Carried(Struct, frozen=True):
    """A standing carried forward when its entries were dropped; it replaces all earlier facts (design rule 6)."""

    at: int
    standing: Standing


class Suppressed(Struct, frozen=True):
    """The start of a record of an erased visitor: permanent denials are opted out in it too (design rule 8)."""

    at: int
    sensitive: bool


class Erased(Struct, frozen=True):
    """Erasure of the record and of every link from a visitor to it."""

    at: int


Fact = SignalSeen | DoubtRaised | ChoiceMade | Carried | Suppressed | Erased


def apply_fact(standing: Standing, fact: Fact) -> Standing:
    """Return the standing after the fact."""
    if isinstance(fact, SignalSeen):
        return replace(standing, gpc=standing.gpc | fact.sources, gpc_at=standing.gpc_at or fact.at)
    if isinstance(fact, DoubtRaised):
        return replace(standing, doubted_at=standing.doubted_at or fact.at)
    if isinstance(fact, Carried):
        return fact.standing
    if isinstance(fact, Suppressed):
        return suppressed_standing(fact)
    if isinstance(fact, Erased):
        return Standing()
    if fact.step is Step.ASKED:
        return standing  # § 7028(a): the first step alone opts nobody in
    return _standing_after_choice(standing, fact)


def suppressed_standing(fact: Suppressed) -> Standing:
    """Return the standing of an erased person: opt-outs only, without their history."""
    out = Choice(Stance.OPTED_OUT, at=fact.at)
    return Standing(sale=out, share=out, sensitive=out if fact.sensitive else NO_CHOICE)


def fold_facts(facts: Iterable[Fact]) -> Standing:
    """Return the standing that results from these facts, in order."""
    return reduce(apply_fact, facts, Standing())


def _standing_after_choice(standing: Standing, fact: ChoiceMade) -> Standing:
    """Return the standing after a choice. A part that repeats a known value keeps its time."""
    # The signal speaks of sale and sharing alone; it never touches `sensitive` (GPC-10).
    over_signal = fact.is_confirmed and standing.gpc_at > 0
    changed: dict[str, object] = {
        "sale": _choice_after(standing.sale, fact.sale, fact, over_signal=over_signal),
        "share": _choice_after(standing.share, fact.share, fact, over_signal=over_signal),
        "sensitive": _choice_after(standing.sensitive, fact.sensitive, fact, over_signal=False),
    }
    if fact.age is not None and fact.age is not standing.age:
        changed.update(age=fact.age, parental_consent=False, age_at=fact.at)
    if fact.incentive is not None:
        bit = 1 << fact.incentive.number
        joined = standing.programmes | bit if fact.incentive.joined else standing.programmes & ~bit
        changed.update(programmes=joined, programmes_at=fact.at)
    return replace(standing, **changed)


def _choice_after(before: Choice, stance: Stance | None, fact: ChoiceMade, *, over_signal: bool) -> Choice:
    if stance is None:
        return before
    if stance is Stance.OPTED_OUT:
        return Choice(Stance.OPTED_OUT, False, False, fact.method, fact.at)
    if not fact.is_confirmed and before.stance is Stance.OPTED_IN:
        return before  # a plain "keep" never weakens what was confirmed
    return Choice(Stance.OPTED_IN, fact.is_confirmed, over_signal, fact.method, fact.at)
