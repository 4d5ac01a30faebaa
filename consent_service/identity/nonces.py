"""Nonces of the second step.

A nonce carries a choice from the call that asked for it to the page that confirms it: bound to the site,
the visitor and the version of the standing it saw, sealed, and good for ten minutes. That it works only once
follows from the version: confirming changes the standing. Knows nothing of pages, standings or the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from consent_service.errors import ConfirmationInvalid, IdentityError
from consent_service.identity.key_ring import KeyPurpose, KeyRing
from consent_service.identity.sealed_texts import CLOCK_SKEW, SealedTexts

MAX_AGE: Final = 600
MAX_LENGTH: Final = 4096  # carries an origin and a packed choice

_FORGED: Final = "this confirmation is not one of ours; choose again on the site"
_EXPIRED: Final = "this confirmation is over ten minutes old; choose again on the site"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Contents of a nonce. `change`: the packed choice. `origin`: the site page's origin. Times are Unix seconds.

    `idempotency_key` makes confirming twice the same confirmation. `also`: nonces of the same browser's other
    records, confirmed together with this one.
    """

    site: str
    visitor_id: bytes
    version: int
    change: bytes
    origin: str
    lang: str
    issued_at: int
    idempotency_key: bytes
    also: tuple[str, ...] = ()


class _Payload(msgspec.Struct, array_like=True):
    visitor_id: bytes
    version: int
    change: bytes
    origin: str
    lang: str
    issued_at: int
    idempotency_key: bytes
    also: tuple[str, ...] = ()


class Nonces:
    """Signer and verifier of confirmation nonces over a key ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._texts = SealedTexts(ring, KeyPurpose.CONFIRMATION, MAX_LENGTH)
        self._decoder = msgspec.msgpack.Decoder(_Payload)

    def sign(self, confirmation: Confirmation) -> str:
        """Return the nonce for this confirmation, of characters `[A-Za-z0-9._-]`."""
        fields = [getattr(confirmation, name) for name in _Payload.__struct_fields__]
        return self._texts.sign(confirmation.site, msgspec.msgpack.encode(_Payload(*fields)))

    def unsign(self, site: str, text: str, now: int) -> Confirmation:
        """Return the contents of the nonce. Raises ConfirmationInvalid if it is forged, foreign, or over ten
        minutes old.
        """
        try:
            payload = self._decoder.decode(self._texts.unsign(site, text, now))
        except (IdentityError, msgspec.DecodeError):
            raise ConfirmationInvalid(_FORGED) from None
        if not now - MAX_AGE <= payload.issued_at <= now + CLOCK_SKEW:
            raise ConfirmationInvalid(_EXPIRED)
        return Confirmation(site, *(getattr(payload, name) for name in _Payload.__struct_fields__))
