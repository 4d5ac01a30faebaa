"""Plans: the effect of one visitor's call on a standing, for the writer.

A plan may run more than once, each time on the standing that is on record when its turn comes. Touches no store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from consent_service.domain.choice_steps import Situation, confirmed_fact, first_step_fact, split_choice
from consent_service.domain.facts import ChoiceMade, DoubtRaised, Fact, SignalSeen, apply_fact
from consent_service.domain.prior_choices import inherited_choice
from consent_service.domain.regimes import Regime
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location
from consent_service.domain.words import REJECTED
from consent_service.ledger.entries import Evidence
from consent_service.services.records.drafts import Plan, Planned
from consent_service.services.records.idempotency import CallOutcome
from consent_service.services.sites import Site
from consent_service.services.visitor.confirmations import PendingChoice

LONGEST_PRIOR_ID: Final = 256
"""Characters of another consent tool's id of a visitor."""


class PriorId(NamedTuple):
    """Id by which another consent tool knew this visitor. `cookie`: the cookie that the page read it from."""

    cookie: str
    id: str


class Call(NamedTuple):
    """Circumstances of one visitor's call: the same for every record that the call reads or changes.

    It names no visitor. `signals`: those that this call brings. `now`: Unix seconds.
    """

    site: Site
    signals: Sources
    evidence: Evidence
    now: int
    place: Location = UNKNOWN_LOCATION

    @property
    def regime(self) -> Regime:
        """The regime that binds at the place of this call now."""
        return self.site.regime(self.now, self.place)


class Subject(NamedTuple):
    """Visitor whose standing is written. `minted`: by this call. `rejected`: in place of a rejected token's."""

    visitor_id: bytes
    minted: bool = False
    rejected: bool = False


def fresh_signals(call: Call, standing: Standing | None) -> Sources:
    """Return the signals to record: those that are not on record yet, and none of a known bot."""
    device = call.evidence.device
    if not call.signals or (device is not None and device.is_bot):
        return Sources.NONE
    return call.signals & ~(standing.gpc if standing else Sources.NONE)


def signal_plan(call: Call, subject: Subject, theirs: Standing | None = None) -> Plan:
    """Return the plan that records a signal on its first sight, and the denials of `theirs`, an imported record."""

    def plan(standing: Standing | None, _version: int) -> Planned:
        facts = _seen(call, subject, standing)
        if theirs is not None:
            denials = inherited_choice(theirs, standing, not_before(_applied(standing, facts), call.now))
            facts += [] if denials is None else [denials]
        return Planned(facts)

    return plan


def choice_plan(call: Call, subject: Subject, choice: ChoiceMade) -> Plan:
    """Return the plan that records what restricts, and the first step of what opts in: that waits for the second."""

    def plan(standing: Standing | None, _version: int) -> Planned:
        facts = _seen(call, subject, standing)
        after = _applied(standing, facts)
        at = not_before(after, call.now)
        situation = Situation(
            call.regime,
            call.signals,
            # What the visitor of a rejected token had denied is unknown.
            REJECTED if subject.rejected else after,
            binding=call.site.binding(call.now),
        )
        decided = split_choice(choice if at == choice.at else replace(choice, at=at), situation)
        if decided.at_once is not None:
            facts.append(decided.at_once)
        if decided.to_confirm is not None:
            facts.append(first_step_fact(decided.to_confirm, at))
        refused = decided.needs_parent and decided.at_once is None
        return Planned(facts, decided.to_confirm, CallOutcome.PARENT_REQUIRED if refused else None)

    return plan


def confirm_plan(call: Call, subject: Subject, pending: PendingChoice, *, whole: bool = True) -> Plan:
    """Return the plan of the second step, on exactly the standing that the nonce saw.

    `whole` False: another record that the nonce confirms has changed, so nothing is confirmed. A signal that this
    call brings first is a change: it is recorded, and the nonce dies: the confirmation must come after the signal
    was first seen (design rule 1).
    """

    def plan(standing: Standing | None, version: int) -> Planned:
        facts = _seen(call, subject, standing)
        if facts or not whole or version != pending.version:
            return Planned(facts, refusal=CallOutcome.CONFIRMATION_DEAD)
        return Planned([confirmed_fact(pending.choice, not_before(standing, call.now))])

    return plan


def digest_of(choice: ChoiceMade) -> bytes:
    """Return the digest of a choice, so that its idempotency key can't be used for another one."""
    return _digest((choice.method, choice.sale, choice.share, choice.sensitive, choice.age, choice.incentive))


@lru_cache(maxsize=1000)
def _digest(parts: tuple[object, ...]) -> bytes:
    """Return the digest, remembered: most visitors choose one of a few things."""
    # Short, because it tells one caller's choices apart and guards no secret.
    return hashlib.sha256(repr(parts).encode()).digest()[:8]


def _seen(call: Call, subject: Subject, standing: Standing | None) -> list[Fact]:
    """Return the facts that a call brings besides its choice: doubt about its visitor, and a signal."""
    facts: list[Fact] = []
    if subject.rejected and standing is None:
        facts.append(DoubtRaised(call.now))
    fresh = fresh_signals(call, standing)
    if fresh:
        facts.append(SignalSeen(not_before(standing, call.now), fresh))
    return facts


def _applied(standing: Standing | None, facts: Sequence[Fact]) -> Standing | None:
    for fact in facts:
        standing = apply_fact(standing or Standing(), fact)
    return standing


def not_before(standing: Standing | None, now: int) -> int:
    """Return the time of the next fact: facts of one standing never run backwards, whatever a clock does."""
    return max(now, standing.latest_at) if standing else now
