"""Second step: the confirmation of an opt-in, on the service's own page (design rule 3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from consent_service.domain.resolution import Resolution, stricter_resolution
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import REJECTED, SALE_AND_SHARE, Stance
from consent_service.errors import ConfirmationInvalid
from consent_service.services.records.idempotency import CallOutcome, IdempotencyKey, refusal
from consent_service.services.records.standings import Identities, Identity, Standings, Tokens, Visitor
from consent_service.services.visitor.confirmations import Confirmations, PendingChoice
from consent_service.services.visitor.consent import Consent, standing_of
from consent_service.services.visitor.plans import Call, Subject, confirm_plan


class SecondStep:
    """Use cases of the confirm page, over all records that one nonce names."""

    def __init__(self, confirmations: Confirmations, standings: Standings, consent: Consent) -> None:
        self._confirmations = confirmations
        self._standings = standings
        self._consent = consent

    async def pending(self, call: Call, nonce: str) -> tuple[PendingChoice, Sources]:
        """Return the pending choice of a nonce, and the signals it would override: this call's and those on record.

        There are none if it opts nobody in to sale or sharing: the signal speaks of these alone (GPC-10).
        Raises ConfirmationInvalid if the choice can't be confirmed any more.
        """
        pending = self._confirmations.open(call.site.key, nonce, call.now)
        signals = Sources.NONE
        for choice_of_record in pending.records:
            standing = await self._unchanged(call, choice_of_record)
            if standing is None:
                raise refusal(CallOutcome.CONFIRMATION_DEAD)
            if any(choice_of_record.choice.stance_on(right) is Stance.OPTED_IN for right in SALE_AND_SHARE):
                signals |= call.signals | standing.gpc
        return pending, signals

    async def confirm(self, call: Call, tokens: Tokens, nonce: str) -> tuple[PendingChoice, Resolution]:
        """Take the second step. Raises ConfirmationInvalid if anything changed since the nonce was made.

        Of several records none is confirmed if one of them has changed. If one changes while the others are being
        confirmed, the answer is the strictest of all.
        """
        site = call.site.key
        pending = self._confirmations.open(site, nonce, call.now)
        # The nonce names the record; of the call's tokens only those count that make the answer stricter.
        others = Identities((), await self._others(call, tokens))
        whole = None not in [await self._unchanged(call, also) for also in pending.also]
        rulings, dead = list[Resolution](), list[PendingChoice]()
        for choice_of_record in pending.records:
            try:
                visitor = await self._confirm(call, choice_of_record, whole=whole)
            except ConfirmationInvalid:
                dead.append(choice_of_record)
                whole = False  # of the others only a signal that this call brings is recorded
                continue
            others = others.updated(visitor)
            rulings.append(await self._consent.ruling(call, call.regime, standing_of(visitor), others.others))
            whole = True  # the next record may have changed only because an earlier press confirmed it
        if not rulings:
            raise refusal(CallOutcome.CONFIRMATION_DEAD)
        present = [await self._present(call, choice_of_record, others.others) for choice_of_record in dead]
        return pending, reduce(stricter_resolution, [*rulings, *present])

    async def _confirm(self, call: Call, pending: PendingChoice, *, whole: bool) -> Visitor:
        subject = Subject(pending.visitor_id)
        plan = confirm_plan(call, subject, pending, whole=whole)
        return await self._consent.record(
            call, subject, plan, IdempotencyKey(pending.idempotency_key, b"confirm")
        )

    async def _others(self, call: Call, tokens: Tokens) -> tuple[Identity, ...]:
        """Recognise all tokens but the first of `named`."""
        further = Tokens(tokens.named[1:], tokens.beside)
        identities = await self._standings.identify(call.site.key, further, call.now)
        return identities.named + identities.beside

    async def _present(self, call: Call, pending: PendingChoice, others: Sequence[Identity]) -> Resolution:
        """Return the ruling on a record that could not be confirmed."""
        record = await self._standings.record(call.site.key, pending.visitor_id)
        standing = REJECTED if record is None else record.standing
        return await self._consent.ruling(call, call.regime, standing, others)

    async def _unchanged(self, call: Call, pending: PendingChoice) -> Standing | None:
        """Return the standing that the nonce saw; None if it has changed since."""
        record = await self._standings.record(call.site.key, pending.visitor_id)
        if record is None or record.version != pending.version or not isinstance(record.standing, Standing):
            return None
        return record.standing
