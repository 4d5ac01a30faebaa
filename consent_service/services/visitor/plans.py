"""Planning: what one visitor's call would do to a standing, as plans for the writer.

Pure but for what the caller brought. A plan may run more than once, on whatever stands when its turn comes.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from consent_service.domain.choosing import Situation, confirmed, decide, first_step
from consent_service.domain.facts import ChoiceMade, DoubtRaised, Fact, SignalSeen, apply
from consent_service.domain.places import NOWHERE, Place
from consent_service.domain.prior import inherited
from consent_service.domain.regimes import Regime
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import REJECTED
from consent_service.ledger.entries import Evidence
from consent_service.services.records.drafts import Plan, Planned
from consent_service.services.records.idempotency import Outcome
from consent_service.services.sites import Site
from consent_service.services.visitor.confirmations import PendingChoice
from consent_service.services.visitor.devices import is_bot

LONGEST_PRIOR_ID: Final = 256
"""Characters of another consent tool's id of a visitor."""


class PriorId(NamedTuple):
    """By which id another consent tool knew this visitor, in which cookie the page found it."""

    cookie: str
    id: str


class Caller(NamedTuple):
    """Input of one call: the visitor tokens presented, the signals seen, the evidence, and its origin.

    The first of `tokens` names the record. The others, and those `beside` it, only make answers stricter. So does
    the record that an import made for `prior`, which names nobody.
    """

    site: Site
    tokens: Sequence[str]
    signals: Sources
    evidence: Evidence
    now: int
    request_id: uuid.UUID | None = None
    place: Place = NOWHERE
    beside: Sequence[str] = ()
    prior: PriorId | None = None

    @property
    def regime(self) -> Regime:
        """The regime that binds this caller now."""
        return self.site.regime(self.now, self.place)


class Subject(NamedTuple):
    """Visitor of a write. `minted`: by this call. `unhonoured`: in place of an identity that can't be honoured."""

    visitor_id: bytes
    minted: bool
    unhonoured: bool


def fresh_signals(caller: Caller, standing: Standing | None) -> Sources:
    """Return the signals to record: not those on record, and none of known bots."""
    if not caller.signals or is_bot(caller.evidence.device):
        return Sources.NONE
    return caller.signals & ~(standing.gpc if standing else Sources.NONE)


def signal_plan(caller: Caller, subject: Subject, theirs: Standing | None = None) -> Plan:
    """Record the signal on its first sight, and what an imported record, if there is one, denies besides."""

    def plan(standing: Standing | None, _version: int) -> Planned:
        facts = _seen(caller, subject, standing)
        if theirs is not None:
            choice = inherited(theirs, standing, not_before(_applied(standing, facts), caller.now))
            facts += [] if choice is None else [choice]
        return Planned(facts)

    return plan


def choice_plan(caller: Caller, subject: Subject, asked: ChoiceMade) -> Plan:
    """Record what restricts at once and the first step of what opts in, which is left to confirm."""

    def plan(standing: Standing | None, _version: int) -> Planned:
        facts = _seen(caller, subject, standing)
        after = _applied(standing, facts)
        at = not_before(after, caller.now)
        situation = Situation(
            caller.regime,
            caller.signals,
            REJECTED if subject.unhonoured else after,
            binding=caller.site.binding(caller.now),
        )
        decided = decide(asked if at == asked.at else replace(asked, at=at), situation)
        if decided.at_once is not None:
            facts.append(decided.at_once)
        if decided.to_confirm is not None:
            facts.append(first_step(decided.to_confirm, at))
        refused = decided.needs_parent and decided.at_once is None
        return Planned(facts, decided.to_confirm, Outcome.PARENT_REQUIRED if refused else None)

    return plan


def confirm_plan(caller: Caller, subject: Subject, opened: PendingChoice, *, whole: bool = True) -> Plan:
    """The second step, on exactly the standing that the nonce saw. `whole` False: it is one of several, and dead.

    A signal that this very call brings and nobody had seen is a change: it is recorded, and the nonce dies
    (design rule 1: the confirmation must come after the signal was first seen).
    """

    def plan(standing: Standing | None, version: int) -> Planned:
        facts = _seen(caller, subject, standing)
        if facts or not whole or version != opened.version:
            return Planned(facts, refusal=Outcome.CONFIRMATION_DEAD)
        return Planned([confirmed(opened.choice, not_before(standing, caller.now))])

    return plan


def digest_of(asked: ChoiceMade) -> bytes:
    """Return the digest of a request, so that its `id` can't be used for something else."""
    return _digest((asked.method, asked.sale, asked.share, asked.sensitive, asked.age, asked.incentive))


@lru_cache(maxsize=1000)
def _digest(parts: tuple[object, ...]) -> bytes:
    """Most visitors ask one of a few things."""
    return hashlib.sha256(repr(parts).encode()).digest()[:8]


def _seen(caller: Caller, subject: Subject, standing: Standing | None) -> list[Fact]:
    """Return the facts that a call brings besides its choice: doubt about its identity, and a signal."""
    facts: list[Fact] = []
    if subject.unhonoured and standing is None:
        facts.append(DoubtRaised(caller.now))
    fresh = fresh_signals(caller, standing)
    if fresh:
        facts.append(SignalSeen(not_before(standing, caller.now), fresh))
    return facts


def _applied(standing: Standing | None, facts: Sequence[Fact]) -> Standing | None:
    for fact in facts:
        standing = apply(standing or Standing(), fact)
    return standing


def not_before(standing: Standing | None, now: int) -> int:
    """Facts of one standing never run backwards, whatever a clock does."""
    return max(now, standing.latest_at) if standing else now
