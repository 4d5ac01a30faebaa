"""Consent: the use cases of a visitor's own calls: signals and choices. The second step is in `second_step`.

Every method answers with the flag as it stands when the answer is given, and raises `errors` where it can't do what
the call asks.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from consent_service.domain.facts import ChoiceMade, apply_fact
from consent_service.domain.prior_choices import inherited_choice
from consent_service.domain.prompts import Show, may_ask_after, prompts_for
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution, resolve, stricter_resolution
from consent_service.domain.standing import Standing
from consent_service.domain.words import REJECTED, RejectedToken
from consent_service.errors import ConsentError, StoreError
from consent_service.identity.key_ring import KeyRing
from consent_service.identity.visitor_tokens import (
    VisitorClaims,
    VisitorTokens,
    imported_id_for,
    visitor_id_for,
)
from consent_service.services.records.drafts import Plan, RandomIds, Work, Written
from consent_service.services.records.idempotency import IdempotencyKey, Receipt
from consent_service.services.records.standings import (
    Identities,
    Identity,
    Record,
    Standings,
    Tokens,
    Visitor,
    strictest,
)
from consent_service.services.records.writer import StandingWriter
from consent_service.services.visitor.confirmations import Confirmations
from consent_service.services.visitor.plans import (
    Call,
    PriorId,
    Subject,
    choice_plan,
    digest_of,
    fresh_signals,
    signal_plan,
)

_MOST_RECORDING: Final = 1000
"""Most signals of flag requests on their way to the store. Beyond it, the next call with the signal tries again."""


class Signalled(NamedTuple):
    """Answer to a page view. `visitor`: a fresh visitor token; None if there is no record to name."""

    resolution: Resolution
    regime: Regime
    visitor: str | None
    show: Show
    may_ask_after: int | None


class Chosen(NamedTuple):
    """Answer to a choice. `visitor`: a fresh token of the `recorded` visitor.

    `receipt`: None if nothing was recorded. `nonce`: None if no second step is needed.
    """

    resolution: Resolution
    regime: Regime
    visitor: str
    recorded: Visitor
    receipt: Receipt | None
    nonce: str | None


class Consent:
    """Use cases of a visitor's own calls. `note` gets the error if the store could not record a signal."""

    def __init__(
        self,
        ring: KeyRing,
        tokens: VisitorTokens,
        confirmations: Confirmations,
        standings: Standings,
        writer: StandingWriter,
        ids: RandomIds,
        clock: Callable[[], float],
        note: Callable[[Exception], None],
    ) -> None:
        self._note = note
        self._ids = ids
        self._ring = ring
        self._tokens = tokens
        self._confirmations = confirmations
        self._standings = standings
        self._writer = writer
        self._clock = clock
        self._recording: dict[bytes, asyncio.Task[None]] = {}

    async def signal(
        self,
        call: Call,
        identities: Identities,
        *,
        keep: bool = True,
        key: uuid.UUID | None = None,
        prior: PriorId | None = None,
    ) -> Signalled:
        """Answer a page view; record a signal on its first sight, and the imported denials that `prior` leads to.

        `keep` False: the browser can't keep a token, so no visitor is minted. Known bots' signals are answered and
        not recorded. A rejected token is answered "denied, unavailable". `key`: idempotency key of the call.
        """
        first = identities.first
        theirs = None if first is REJECTED else await self._imported(call, prior)
        visitor = first if isinstance(first, Visitor) else None
        standing = standing_of(visitor)
        denials = inherited_choice(theirs, standing, call.now) if isinstance(theirs, Standing) else None
        if (visitor or keep) and (fresh_signals(call, standing) or denials):
            subject = self._subject(call, first, key)
            plan = signal_plan(call, subject, theirs if isinstance(theirs, Standing) else None)
            visitor = await self.record(call, subject, plan)
            standing = standing_of(visitor)
        elif denials:  # recorded nowhere, as the browser keeps no token; this answer denies all the same
            standing = apply_fact(Standing(), denials)
        # An imported record that can't be read is doubt too.
        regime, doubt = call.regime, REJECTED in (first, theirs)
        resolution = await self.ruling(call, regime, REJECTED if doubt else standing, identities.others)
        return Signalled(
            resolution,
            regime,
            None if visitor is None else self._token(call, visitor.id, visitor.record.version),
            prompts_for(standing, resolution, regime, call.now),
            may_ask_after(standing, regime),
        )

    async def choose(
        self, call: Call, tokens: Tokens, choice: ChoiceMade, key: uuid.UUID | None, *, origin: str, lang: str
    ) -> Chosen:
        """Record what restricts at once; return a nonce for what needs the second step.

        `key`: idempotency key of the call; None = not repeatable. Raises ParentalConsentRequired if nothing is left
        to record and only a parent could consent.
        """
        identities = await self._standings.identify(call.site.key, tokens, call.now)
        return await self.choose_as(call, identities, choice, key, origin=origin, lang=lang)

    async def choose_as(
        self,
        call: Call,
        identities: Identities,
        choice: ChoiceMade,
        key: uuid.UUID | None,
        *,
        origin: str,
        lang: str,
    ) -> Chosen:
        """Record the choice of a caller who is recognised already, as `choose` does."""
        subject, regime = self._subject(call, identities.first, key), call.regime
        used = None if key is None else IdempotencyKey(key.bytes, digest_of(choice))
        written = await self._write(call, subject, choice_plan(call, subject, choice), used)
        visitor = _visitor(subject, written)
        return Chosen(
            await self.ruling(call, regime, written.standing, identities.updated(visitor).others),
            regime,
            self._token(call, subject.visitor_id, written.version),
            visitor,
            written.receipt,
            self._nonce(call, subject, written, origin, lang),
        )

    async def record_signal(self, call: Call, visitor: Visitor) -> Visitor:
        """Record a signal of this call if it is not on record yet. Return the visitor as on record then."""
        if not fresh_signals(call, standing_of(visitor)):
            return visitor
        subject = Subject(visitor.id)
        return await self.record(call, subject, signal_plan(call, subject))

    def record_signal_later(self, call: Call, visitor: Visitor) -> None:
        """Record a signal that a flag request brought, without keeping that request waiting (design rule 1)."""
        if standing_of(visitor) is None or not fresh_signals(call, standing_of(visitor)):
            return
        if visitor.id in self._recording or len(self._recording) >= _MOST_RECORDING:
            return
        self._recording[visitor.id] = asyncio.create_task(self._record_noting(call, visitor))

    async def settled(self) -> None:
        """Wait until every signal that `record_signal_later` began to record is recorded, or has failed."""
        await asyncio.gather(*self._recording.values(), return_exceptions=True)

    async def _record_noting(self, call: Call, visitor: Visitor) -> None:
        try:
            await self.record_signal(call, visitor)
        except ConsentError as error:
            # The next call that brings the signal tries again; this answer denied already.
            if isinstance(error, StoreError):
                self._note(error)
        finally:
            del self._recording[visitor.id]

    async def _imported(self, call: Call, prior: PriorId | None) -> Standing | RejectedToken | None:
        """Return the imported opt-out of the visitor whose id in another tool's cookie this call brings."""
        if prior is None:
            return None
        site = call.site.key
        record = await self._standings.record(site, imported_id_for(self._ring, site, *prior))
        return None if record is None else record.standing

    def _subject(self, call: Call, first: Identity | None, key: uuid.UUID | None) -> Subject:
        """Return the visitor to write: the recognised one, or one minted by this call."""
        if isinstance(first, Visitor):
            return Subject(first.id)
        rejected = first is REJECTED
        # Under the call's own key, so that a retry meets the same visitor.
        minting_key = (key or self._ids.next()).bytes
        visitor_id = visitor_id_for(self._ring, call.site.key, minting_key, doubted=rejected)
        return Subject(visitor_id, minted=True, rejected=rejected)

    async def record(
        self, call: Call, subject: Subject, plan: Plan, key: IdempotencyKey | None = None
    ) -> Visitor:
        """Write a plan. Return the visitor as on record then. Raises the plan's refusal, and StoreError."""
        return _visitor(subject, await self._write(call, subject, plan, key))

    async def _write(self, call: Call, subject: Subject, plan: Plan, key: IdempotencyKey | None) -> Written:
        return await self._writer.write(
            Work(
                site=call.site.key,
                visitor_id=subject.visitor_id,
                plan=plan,
                now=call.now,
                evidence=call.evidence,
                key=key,
                minted=subject.minted,
            )
        )

    async def ruling(
        self,
        call: Call,
        regime: Regime,
        standing: Standing | RejectedToken | None,
        others: Sequence[Identity],
    ) -> Resolution:
        """Return the ruling on what was just read or written, by the clock as it is now: a write takes its time.

        `others` only make it stricter.
        """
        now = max(call.now, int(self._clock()))
        ruling = resolve(regime, call.signals, standing, None, now)
        return stricter_resolution(ruling, strictest(regime, call.signals, others, now)) if others else ruling

    def _token(self, call: Call, visitor_id: bytes, version: int) -> str:
        return self._tokens.sign(call.site.key, VisitorClaims(visitor_id, version, None, call.now))

    def _nonce(self, call: Call, subject: Subject, written: Written, origin: str, lang: str) -> str | None:
        to_confirm = written.planned.to_confirm
        if to_confirm is None:
            return None
        # Overtaken by a later change: the nonce must be dead, and no record has version 0.
        version = 0 if written.overtaken else written.version
        return self._confirmations.make(
            call.site.key, subject.visitor_id, version, to_confirm, origin=origin, lang=lang, now=call.now
        )


def standing_of(visitor: Visitor | None) -> Standing | None:
    """Return the visitor's standing; None if there is no visitor, or the record can't be read."""
    standing = visitor.record.standing if visitor else None
    return standing if isinstance(standing, Standing) else None


def _visitor(subject: Subject, written: Written) -> Visitor:
    return Visitor(subject.visitor_id, Record(written.standing or Standing(), written.version))
