"""Consent: what a visitor can do to their own standing, and what they are told.

Signals, choices, and the second step of an opt-in. Every method answers with the flag as it stands when the
answer is given, and raises `errors` when it can't be done as asked.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from functools import reduce
from typing import Final, NamedTuple

from consent_service.domain.asking import Show, may_ask_after, show
from consent_service.domain.facts import ChoiceMade, apply
from consent_service.domain.prior import inherited
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution, resolve, stricter
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import REJECTED, SALE_AND_SHARE, RejectedToken, Stance
from consent_service.errors import ConfirmationInvalid, ConsentError, StoreError
from consent_service.identity.keys import KeyRing
from consent_service.identity.visitor_ids import imported_id_for, visitor_id_for
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from consent_service.services.records.drafts import Plan, Work, Written
from consent_service.services.records.idempotency import Outcome, Receipt, refusal
from consent_service.services.records.random_ids import RandomIds
from consent_service.services.records.standings import Standings, Visitor, strictest
from consent_service.services.records.writer import StandingWriter
from consent_service.services.visitor.confirmations import Confirmations, PendingChoice
from consent_service.services.visitor.plans import (
    Caller,
    Subject,
    choice_plan,
    confirm_plan,
    digest_of,
    fresh_signals,
    signal_plan,
)

_REMEMBERING: Final = 1000
"""Most signals on their way to the store from calls that did not wait for it; beyond, the next call tries."""


class Signalled(NamedTuple):
    """The answer to a signal. `visitor`: a fresh visitor token, None when there is no record to name."""

    resolution: Resolution
    regime: Regime
    visitor: str | None
    show: Show
    may_ask_after: int | None


class Chosen(NamedTuple):
    """The answer to a choice. `nonce`: when a second step is needed; `receipt`: when something was recorded."""

    resolution: Resolution
    regime: Regime
    visitor: str
    receipt: Receipt | None
    nonce: str | None


class Consent:
    """The use cases of a visitor's own calls. `note` is told why the store could not record a signal."""

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
        self._remembering: dict[bytes, asyncio.Task[None]] = {}

    async def signal(self, caller: Caller, *, keep: bool = True) -> Signalled:
        """Answer a page view, recording a signal on its first sight, and what an import brought of this visitor.

        `keep` False: the browser can't keep a token, so nothing is minted. Known bots' signals are answered and
        not recorded. A presented token that can't be honoured is answered "denied, unavailable".
        """
        found = await self._recognise(caller)
        theirs = None if found is REJECTED else await self._imported(caller)
        known = found if isinstance(found, Visitor) else None
        record = known.record.standing if known else None
        standing = record if isinstance(record, Standing) else None
        version, visitor_id = (known.record.version, known.id) if known else (0, None)
        denials = inherited(theirs, standing, caller.now) if isinstance(theirs, Standing) else None
        if (known or keep) and (fresh_signals(caller, standing) or denials):
            subject = self._subject(caller, found)
            plan = signal_plan(caller, subject, theirs if isinstance(theirs, Standing) else None)
            written = await self._write(caller, subject, plan)
            standing, version, visitor_id = written.standing, written.version, subject.visitor_id
        elif denials:
            standing = apply(Standing(), denials)
        regime, doubt = caller.regime, REJECTED in (found, theirs)
        resolution = await self._ruling(caller, regime, REJECTED if doubt else standing)
        return Signalled(
            resolution,
            regime,
            None if visitor_id is None else self._token(caller, visitor_id, version),
            show(standing, resolution, regime, caller.now),
            may_ask_after(standing, regime),
        )

    async def choose(self, caller: Caller, asked: ChoiceMade, *, origin: str, lang: str) -> Chosen:
        """Record what restricts at once; hand out a nonce for what needs the second step.

        Raises ParentalConsentRequired when nothing was left to record and only a parent could consent.
        """
        found = await self._recognise(caller)
        subject = self._subject(caller, found)
        regime = caller.regime
        written = await self._write(caller, subject, choice_plan(caller, subject, asked), digest_of(asked))
        return Chosen(
            await self._ruling(caller, regime, written.standing),
            regime,
            self._token(caller, subject.visitor_id, written.version),
            written.receipt,
            self._nonce(caller, subject, written, origin, lang),
        )

    async def opened(self, caller: Caller, nonce: str) -> tuple[PendingChoice, Sources]:
        """Return the pending choice of a nonce, and the signals it would override: this call's and those on record.

        None where it opts nobody in to sale or sharing, of which alone the signal speaks (GPC-10).
        Raises ConfirmationInvalid when it can't any more.
        """
        opened = self._confirmations.open(caller.site.key, nonce, caller.now)
        signals = Sources.NONE
        for one in opened.records:
            standing = await self._unchanged(caller, one)
            if standing is None:
                raise refusal(Outcome.CONFIRMATION_DEAD)
            if any(one.choice.stance(right) is Stance.OPTED_IN for right in SALE_AND_SHARE):
                signals |= caller.signals | standing.gpc
        return opened, signals

    async def confirm(self, caller: Caller, nonce: str) -> tuple[PendingChoice, Resolution]:
        """The second step. Raises ConfirmationInvalid when anything changed since the nonce was made.

        Of several records none is confirmed when one of them changed. Where one changes while the others are being
        confirmed, the answer is the stricter one of all.
        """
        opened = self._confirmations.open(caller.site.key, nonce, caller.now)
        whole = None not in [await self._unchanged(caller, one) for one in opened.also]
        rulings, dead = list[Resolution](), list[PendingChoice]()
        for one in opened.records:
            try:
                rulings.append(await self._confirm(caller, one, whole=whole))
                whole = True  # also where it was confirmed by an earlier press: the next may have been, or not yet
            except ConfirmationInvalid:
                dead.append(one)
                whole = False  # of the others only a signal that this call brings is recorded
        if not rulings:
            raise refusal(Outcome.CONFIRMATION_DEAD)
        return opened, reduce(stricter, [*rulings, *[await self._present(caller, one) for one in dead]])

    async def _confirm(self, caller: Caller, opened: PendingChoice, *, whole: bool) -> Resolution:
        subject = Subject(opened.visitor_id, minted=False, unhonoured=False)
        request = caller._replace(request_id=uuid.UUID(bytes=opened.request_id))
        plan = confirm_plan(caller, subject, opened, whole=whole)
        written = await self._write(request, subject, plan, b"confirm")
        return await self._ruling(caller, caller.regime, written.standing)

    async def _present(self, caller: Caller, opened: PendingChoice) -> Resolution:
        """The ruling on a record that could not be confirmed."""
        record = await self._standings.record(caller.site.key, opened.visitor_id)
        return await self._ruling(caller, caller.regime, REJECTED if record is None else record.standing)

    async def _unchanged(self, caller: Caller, opened: PendingChoice) -> Standing | None:
        """The standing that the nonce saw; None when it changed since."""
        record = await self._standings.record(caller.site.key, opened.visitor_id)
        if record is None or record.version != opened.version or not isinstance(record.standing, Standing):
            return None
        return record.standing

    def remember(self, caller: Caller, visitor: Visitor) -> None:
        """Record a signal that a flag request brought, without keeping that request waiting (design rule 1)."""
        standing = visitor.record.standing
        if not isinstance(standing, Standing) or not fresh_signals(caller, standing):
            return
        if visitor.id in self._remembering or len(self._remembering) >= _REMEMBERING:
            return
        self._remembering[visitor.id] = asyncio.create_task(self._remember(caller, visitor.id))

    async def settled(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._remembering.values(), return_exceptions=True)

    async def _remember(self, caller: Caller, visitor_id: bytes) -> None:
        try:
            subject = Subject(visitor_id, minted=False, unhonoured=False)
            await self._write(caller, subject, signal_plan(caller, subject))
        except ConsentError as error:
            # The next call that brings the signal tries again; this answer denied already.
            if isinstance(error, StoreError):
                self._note(error)
        finally:
            del self._remembering[visitor_id]

    async def _recognise(self, caller: Caller) -> Visitor | RejectedToken | None:
        """Return the visitor of the first token; the other tokens only make answers stricter."""
        if not caller.tokens:
            return None
        return await self._standings.recognise(caller.site.key, caller.tokens[0], caller.now)

    async def _imported(self, caller: Caller) -> Standing | RejectedToken | None:
        """Return the imported opt-out of the visitor whose id in another tool's cookie this call brings."""
        if caller.prior is None:
            return None
        site = caller.site.key
        record = await self._standings.record(site, imported_id_for(self._ring, site, *caller.prior))
        return None if record is None else record.standing

    def _subject(self, caller: Caller, found: Visitor | RejectedToken | None) -> Subject:
        if isinstance(found, Visitor):
            return Subject(found.id, minted=False, unhonoured=False)
        request = (caller.request_id or self._ids.next()).bytes
        doubted = found is REJECTED
        visitor_id = visitor_id_for(self._ring, caller.site.key, request, doubted=doubted)
        return Subject(visitor_id, minted=True, unhonoured=doubted)

    async def _write(
        self, caller: Caller, subject: Subject, plan: Plan, asked: bytes | None = None
    ) -> Written:
        request = None
        if asked is not None and caller.request_id is not None:
            request = (caller.request_id.bytes, asked)
        return await self._writer.write(
            Work(
                site=caller.site.key,
                visitor_id=subject.visitor_id,
                plan=plan,
                now=caller.now,
                evidence=caller.evidence,
                request=request,
                minted=subject.minted,
            )
        )

    async def _ruling(
        self, caller: Caller, regime: Regime, standing: Standing | RejectedToken | None
    ) -> Resolution:
        """The ruling on what was just read or written, by the clock as it is now: the write took its time.

        Other visitors whom the call's further tokens name only make it stricter.
        """
        now = max(caller.now, int(self._clock()))
        ruling = resolve(regime, caller.signals, standing, None, now)
        further = [*caller.tokens[1:], *caller.beside]
        if further:
            site = caller.site.key
            others = [await self._standings.recognise(site, token, now) for token in further]
            ruling = stricter(ruling, strictest(regime, caller.signals, others, now))
        return ruling

    def _token(self, caller: Caller, visitor_id: bytes, version: int) -> str:
        return self._tokens.sign(caller.site.key, VisitorClaims(visitor_id, version, None, caller.now))

    def _nonce(
        self, caller: Caller, subject: Subject, written: Written, origin: str, lang: str
    ) -> str | None:
        to_confirm = written.planned.to_confirm
        if to_confirm is None:
            return None
        # Overtaken by a later change: the nonce must be dead, and no record has version 0.
        version = 0 if written.overtaken else written.version
        return self._confirmations.make(
            caller.site.key, subject.visitor_id, version, to_confirm, origin=origin, lang=lang, now=caller.now
        )
