"""Page results: signed and sealed texts that a visitor takes from the service's own page back to the site.

A result stands in a fragment of the site's address. Scripts of the site can read it there, and anybody can
have put it there. So it names a visitor and does not prove who brought it: the `state` that the site's page
made before it sent the visitor here must come with it. Good for ten minutes. Knows nothing of pages,
standings or the clock.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Final, NamedTuple

from consent_service.errors import TokenExpired, TokenForged
from consent_service.identity.key_ring import KeyPurpose, KeyRing
from consent_service.identity.sealed_texts import CLOCK_SKEW, SealedTexts

MAX_AGE: Final = 600
MAX_LENGTH: Final = 512
STATE_BYTES: Final = 16

_FIELDS: Final = struct.Struct(f">16sQ{STATE_BYTES}sQ")
_NO_STATE: Final = bytes(STATE_BYTES)


class PageResult(NamedTuple):
    """Contents of a signed result. `version`: version of the standing. `state`: made by `digest_of_state`. Unix
    seconds.
    """

    visitor_id: bytes
    version: int
    state: bytes
    issued_at: int

    def answers_state(self, state: str) -> bool:
        """Return True if this result answers the page that made this state. Compared in constant time."""
        return self.state != _NO_STATE and hmac.compare_digest(self.state, digest_of_state(state))


def digest_of_state(state: str) -> bytes:
    """Return the digest to store for a page's state; for an empty state, one that no page matches."""
    return hashlib.sha256(state.encode(errors="replace")).digest()[:STATE_BYTES] if state else _NO_STATE


class PageResultTokens:
    """Signer and verifier of results over a key ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._texts = SealedTexts(ring, KeyPurpose.RESULT, MAX_LENGTH)

    def sign(self, site: str, result: PageResult) -> str:
        """Return the result as text for this site, of characters `[A-Za-z0-9._-]`."""
        return self._texts.sign(site, _FIELDS.pack(*result))

    def unsign(self, site: str, text: str, now: int) -> PageResult:
        """Return the contents of the text. Raises only TokenForged, TokenExpired, KeyUnknown or KeyRetired."""
        payload = self._texts.unsign(site, text, now)
        if len(payload) != _FIELDS.size:
            raise TokenForged("authentic payload, but not a result")
        result = PageResult(*_FIELDS.unpack(payload))
        if not now - MAX_AGE <= result.issued_at <= now + CLOCK_SKEW:
            raise TokenExpired("the result is older than ten minutes, or from a clock ahead of ours")
        return result
