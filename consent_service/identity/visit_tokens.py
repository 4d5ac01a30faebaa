"""Visit tokens: the choices page's memory between one request and the next, signed and sealed.

A token stands in a cookie of the service's own origin and in the page's form. There it is the form token as
well: only a page of ours can have shown it. It holds the visitor token that the site handed over, so that no
address ever does. Knows nothing of pages, cookies, standings or the clock.
"""

from __future__ import annotations

from typing import Final

import msgspec

from consent_service.errors import TokenExpired, TokenForged
from consent_service.identity.key_ring import DAY, KeyPurpose, KeyRing
from consent_service.identity.page_result_tokens import STATE_BYTES
from consent_service.identity.sealed_texts import CLOCK_SKEW, SealedTexts

MAX_AGE: Final = DAY  # a page left open over night still works
MAX_LENGTH: Final = 3900  # browsers keep cookies of 4096 bytes, name and attributes included


class Visit(msgspec.Struct, frozen=True, array_like=True):
    """One visit to the choices page.

    `id`: 16 random bytes, so that one form sent twice is one choice. `token`: the visitor token handed over, ""
    when there was none; `state`: what is kept of the state that came with it; `back`: the site's page to return
    to; `lang`: that page's language. `did` and `receipt`: what the last form did. `handed`: a page of the site sent
    the visitor here; `minted`: a choice on this page made `token`, and the site does not know it. Unix seconds.
    """

    id: bytes
    issued_at: int
    token: str = ""
    state: bytes = bytes(STATE_BYTES)
    back: str = ""
    lang: str = ""
    did: str = ""
    receipt: str = ""
    handed: bool = False
    minted: bool = False


class VisitTokens:
    """Signer and verifier of visits over a key ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._texts = SealedTexts(ring, KeyPurpose.VISIT, MAX_LENGTH)
        self._decoder = msgspec.msgpack.Decoder(Visit)

    def sign(self, site: str, visit: Visit) -> str:
        """Return the visit as text for this site, of characters `[A-Za-z0-9._-]`."""
        return self._texts.sign(site, msgspec.msgpack.encode(visit))

    def unsign(self, site: str, text: str, now: int) -> Visit:
        """Return the contents of the text. Raises only TokenForged, TokenExpired, KeyUnknown or KeyRetired."""
        try:
            visit = self._decoder.decode(self._texts.unsign(site, text, now))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise TokenForged("authentic payload, but not a visit") from None
        if not now - MAX_AGE <= visit.issued_at <= now + CLOCK_SKEW:
            raise TokenExpired("the page was opened more than a day ago, or under a clock ahead of ours")
        return visit
