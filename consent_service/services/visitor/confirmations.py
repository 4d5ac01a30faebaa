"""Confirming: the second step's nonce, from a choice that waits for it and back.

The nonce is sealed and signed, names the visitor and the standing's version that it saw, and lives ten minutes.
Nothing is stored for it: any change to the standing makes it invalid.
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


class _Waiting(msgspec.Struct, frozen=True, array_like=True):
    """Pending part of a choice: it waits for the second step."""

    rights: list[str]
    age: int | None
    incentive: int | None
    method: int


class PendingChoice(NamedTuple):
    """An authentic nonce: what it confirms, for whom, and on which standing."""

    visitor_id: bytes
    version: int
    choice: ChoiceMade
    request_id: bytes
    origin: str
    lang: str
    also: tuple[PendingChoice, ...] = ()

    @property
    def records(self) -> tuple[PendingChoice, ...]:
        """This one, and those of the same browser's other records."""
        return (self, *self.also)

    @property
    def rights(self) -> list[Right]:
        """The rights that would be opted in, on any of the records."""
        choices = [one.choice for one in self.records]
        return [
            right for right in RIGHTS if any(choice.stance(right) is Stance.OPTED_IN for choice in choices)
        ]


class Confirmations:
    """Makes and opens nonces."""

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
        """A nonce for this choice of this visitor, good until the standing changes or ten minutes pass."""
        return self._nonces.sign(
            Confirmation(
                site=site,
                visitor_id=visitor_id,
                version=version,
                change=pack_choice(choice),
                origin=origin,
                lang=lang,
                issued_at=now,
                request_id=uuid.uuid4().bytes,
            )
        )

    def join(self, site: str, nonces: Sequence[str], now: int) -> str:
        """One nonce that confirms what each of these (at least one) would confirm: one page, one button."""
        first, *others = nonces
        if not others:
            return first
        return self._nonces.sign(replace(self._nonces.unsign(site, first, now), also=tuple(others)))

    def open(self, site: str, nonce: str, now: int) -> PendingChoice:
        """Raises ConfirmationInvalid when it is forged, foreign or too old."""
        found = self._nonces.unsign(site, nonce, now)
        try:
            choice = unpack_choice(found.change, now)
        except msgspec.DecodeError as error:  # made by another version: start again
            raise ConfirmationInvalid("this confirmation can't be read; make the choice again") from error
        return PendingChoice(
            visitor_id=found.visitor_id,
            version=found.version,
            choice=choice,
            request_id=found.request_id,
            origin=found.origin,
            lang=found.lang,
            also=tuple(self.open(site, other, now) for other in found.also),
        )


def pack_choice(choice: ChoiceMade) -> bytes:
    """Return the pending part of a choice in the form that nonces and marks carry."""
    waiting = _Waiting(
        rights=[right.value for right in RIGHTS if choice.stance(right) is Stance.OPTED_IN],
        age=None if choice.age is None else int(choice.age),
        incentive=None if choice.incentive is None else choice.incentive.number,
        method=int(choice.method),
    )
    return msgspec.msgpack.encode(waiting)


def unpack_choice(data: bytes, now: int) -> ChoiceMade:
    """The inverse of `pack_choice`, as a choice made now. Raises msgspec.DecodeError."""
    waiting = msgspec.msgpack.decode(data, type=_Waiting)
    return ChoiceMade(
        at=now,
        method=Method(waiting.method),
        age=None if waiting.age is None else AgeBand(waiting.age),
        incentive=None if waiting.incentive is None else Incentive(waiting.incentive, joined=True),
    ).opting_in([Right(right) for right in waiting.rights])
