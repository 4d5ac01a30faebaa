"""Sealed texts: the form that visitor tokens and confirmation nonces share.

`<key number>.<base64url(AES-SIV(payload))>.<signature>`: the seal hides the payload and binds it to purpose
and site; the signature covers number and seal. A holder of the text can neither read nor change it. Knows
nothing of the payload's meaning, nor of the clock.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from itsdangerous import Signer
from itsdangerous.signer import HMACAlgorithm

from consent_service.errors import KeyUnknown, TokenForged
from consent_service.identity.key_ring import (
    KeyPurpose,
    KeyRing,
    SigningKey,
    derive_subkey,
    from_base64url,
    require_honoured,
    to_base64url,
)

CLOCK_SKEW: Final = 60  # seconds that another machine's clock may be ahead of ours


class SealedTexts:
    """Signer and verifier of texts of one purpose over a key ring. Ciphers and signers are built once."""

    def __init__(self, ring: KeyRing, purpose: KeyPurpose, max_length: int) -> None:
        self._sealers = {str(key.number): _Sealer.build(key, purpose) for key in ring.keys}
        self._current = self._sealers[str(ring.current_key.number)]
        self._purpose = purpose.encode()
        self._max_length = max_length

    def sign(self, site: str, payload: bytes) -> str:
        """Return the payload sealed for this site and signed with the current key; characters `[A-Za-z0-9._-]`.

        The same payload gives the same text: AES-SIV is deterministic.
        """
        sealer = self._current
        sealed = to_base64url(sealer.cipher.encrypt(payload, [self._purpose, site.encode()]))
        return sealer.signer.sign(f"{sealer.key.number}.{sealed}").decode("ascii")

    def unsign(self, site: str, text: str, now: int) -> bytes:
        """Return the payload, authentic for this purpose and site.

        Raises TokenForged for any text that `sign` did not write (also another site's), KeyUnknown and
        KeyRetired. Signatures are compared in constant time.
        """
        if len(text) > self._max_length or not text.isascii():
            raise TokenForged("the text is too long, or not ASCII")
        signed, _, signature = text.rpartition(".")
        number, _, sealed = signed.partition(".")
        sealer = self._sealer(number, now)
        # Text against text, not bytes against bytes: the spare bits of base64 may not be changed either.
        if not hmac.compare_digest(sealer.signer.get_signature(signed), signature.encode("ascii")):
            raise TokenForged("invalid signature")
        try:
            return sealer.cipher.decrypt(from_base64url(sealed), [self._purpose, site.encode()])
        except (InvalidTag, ValueError):
            raise TokenForged("sealed for another site") from None

    def _sealer(self, number: str, now: int) -> _Sealer:
        sealer = self._sealers.get(number)
        if sealer is not None:
            require_honoured(sealer.key, now)
            return sealer
        if number.isdecimal():
            raise KeyUnknown("signed under a key that the ring does not hold")
        raise TokenForged("missing key number at the start")


class _Sealer(NamedTuple):
    """Cipher and signer of one key of the ring for one purpose."""

    key: SigningKey
    cipher: AESSIV
    signer: Signer

    @classmethod
    def build(cls, key: SigningKey, purpose: KeyPurpose) -> _Sealer:
        """Return the cipher and signer derived from this key."""
        return cls(
            key, AESSIV(derive_subkey(key.secret, purpose, 64)), _DerivedOnce(key.secret, salt=purpose)
        )


class _DerivedOnce(Signer):
    """Signer of itsdangerous that derives its key (HMAC-SHA256 over the salt) once, not at each call."""

    def __init__(self, secret: bytes, salt: str) -> None:
        algorithm = _KeyedOnceHmac()
        super().__init__(
            secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256, algorithm=algorithm
        )
        self._derived = super().derive_key()

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key derived at construction."""
        return self._derived


class _KeyedOnceHmac(HMACAlgorithm):
    """HMAC-SHA256 that copies its keyed start for each text.

    `hmac.digest` is as fast but releases the interpreter's lock, and beside a busy thread it waits long to get
    it back.
    """

    def __init__(self) -> None:
        super().__init__(hashlib.sha256)
        self._started: dict[bytes, hmac.HMAC] = {}

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """Return the signature of this value. `key` was used at construction."""
        started = self._started.get(key)
        if started is None:
            started = self._started[key] = hmac.new(key, digestmod="sha256")
        text = started.copy()
        text.update(value)
        return text.digest()
