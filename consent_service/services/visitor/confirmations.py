"""Confirmations: a choice that waits for the second step, packed into a nonce and read back from it.

The nonce is sealed and signed, names the visitor and the version of the standing that it saw, and expires after ten
minutes. Nothing is stored for it: any change to the standing makes it invalid.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from consent_service.domain.facts import ChoiceMade, Incentive
from consent_service.domain.words import RIGHTS, AgeBand, Method, Right, Stance
from consent_service.errors import ConfirmationInvalid
from consent_service.identity.nonces import Confirmation, Nonces


class _PackedChoice(msgspec.Struct, frozen=True, array_like=True):
    """The part of a choice that waits for the second step, as nonces and marks hold it."""

    rights: list[str]
    age: int | None
    incentive: int | None
    method: int


class PendingChoice(NamedTuple):
    """Choice of an authentic nonce that waits for the second step.

    `version`: of the standing that the nonce saw. `origin`: of the page that the choice was made on. `also`: the
    pending choices for the same browser's other records.
    """

    visitor_id: bytes
    version: int
    choice: ChoiceMade
    idempotency_key: bytes
    origin: str
    lang: str
    also: tuple[PendingChoice, ...] = ()

    @property
    def records(self) -> tuple[PendingChoice, ...]:
        """The pending choices of all records of the browser, this one first."""
        return (self, *self.also)

    @property
    def rights(self) -> list[Right]:
        """The rights that would be opted in on any of the records."""
        choices = [pending.choice for pending in self.records]
        return [
            right for right in RIGHTS if any(choice.stance_on(right) is Stance.OPTED_IN for choice in choices)
        ]


class Confirmations:
    """Maker and reader of nonces."""

    def __init__(self, nonces: Nonces) -> None:
        self._nonces = nonces

    def make(
        self,
        site: str,
        visitor_id: bytes,
        version: int,
        choice: ChoiceMade,
        *,
        origin: str,
        lang: str,
        now: int,
    ) -> str:
        """Return a nonce for this choice of this visitor, valid until the standing changes or ten minutes pass."""
        return self._nonces.sign(
            Confirmation(
                site=site,
                visitor_id=visitor_id,
                version=version,
                change=pack_choice(choice),
                origin=origin,
                lang=lang,
                issued_at=now,
                idempotency_key=uuid.uuid4().bytes,
            )
        )

    def join(self, site: str, nonces: Sequence[str], now: int) -> str:
        """Return one nonce that confirms all that these nonces (at least one) confirm: one page, one button."""
        first, *others = nonces
        if not others:
            return first
        return self._nonces.sign(replace(self._nonces.unsign(site, first, now), also=tuple(others)))

    def open(self, site: str, nonce: str, now: int) -> PendingChoice:
        """Return the pending choice of a nonce. Raises ConfirmationInvalid if it is forged, foreign or too old."""
        confirmation = self._nonces.unsign(site, nonce, now)
        try:
            choice = unpack_choice(confirmation.change, now)
        except msgspec.DecodeError as error:
            message = "this confirmation was made by another version of the service; make the choice again"
            raise ConfirmationInvalid(message) from error
        return PendingChoice(
            visitor_id=confirmation.visitor_id,
            version=confirmation.version,
            choice=choice,
            idempotency_key=confirmation.idempotency_key,
            origin=confirmation.origin,
            lang=confirmation.lang,
            also=tuple(self.open(site, other, now) for other in confirmation.also),
        )


def pack_choice(choice: ChoiceMade) -> bytes:
    """Return the pending part of a choice in the form that nonces and marks carry."""
    packed = _PackedChoice(
        rights=[right.value for right in RIGHTS if choice.stance_on(right) is Stance.OPTED_IN],
        age=None if choice.age is None else int(choice.age),
        incentive=None if choice.incentive is None else choice.incentive.number,
        method=int(choice.method),
    )
    return msgspec.msgpack.encode(packed)


def unpack_choice(data: bytes, now: int) -> ChoiceMade:
    """Return a packed choice as one made now: the inverse of `pack_choice`. Raises msgspec.DecodeError."""
    packed = msgspec.msgpack.decode(data, type=_PackedChoice)
    return ChoiceMade(
        at=now,
        method=Method(packed.method),
        age=None if packed.age is None else AgeBand(packed.age),
        incentive=None if packed.incentive is None else Incentive(packed.incentive, joined=True),
    ).opting_in([Right(right) for right in packed.rights])
