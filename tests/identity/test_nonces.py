"""Confirmation nonces: what every signed text owes, and what is their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.errors import ConfirmationInvalid, ConsentError
from consent_service.identity.key_ring import KeyPurpose, KeyRing
from consent_service.identity.nonces import Confirmation, Nonces
from consent_service.identity.sealed_texts import SealedTexts
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from tests.identity.contract import NOW, RING, SignedTextContract

VISITOR = bytes(range(16))
REQUEST = bytes(range(16, 32))
NONCES = Nonces(RING)


class TestNonces(SignedTextContract):
    refusal: type[ConsentError] = ConfirmationInvalid
    max_age = 600

    def sign(self, ring: KeyRing, site: str, issued_at: int) -> str:
        return Nonces(ring).sign(self.meaning(site, issued_at))

    def unsign(self, ring: KeyRing, site: str, text: str, now: int) -> Confirmation:
        return Nonces(ring).unsign(site, text, now)

    def meaning(self, site: str, issued_at: int) -> Confirmation:
        return Confirmation(site, VISITOR, 3, b"change", "https://shop.example", "en", issued_at, REQUEST)


IDS = st.binary(min_size=16, max_size=16)


@given(
    st.builds(
        Confirmation,
        site=st.text(max_size=32),
        visitor_id=IDS,
        version=st.integers(0, 2**63),
        change=st.binary(max_size=64),
        origin=st.text(max_size=100),
        lang=st.text(max_size=10),
        issued_at=st.integers(NOW - 600, NOW + 60),
        idempotency_key=IDS,
    )
)
def test_every_confirmation_survives_the_round_trip(confirmation: Confirmation) -> None:
    assert NONCES.unsign(confirmation.site, NONCES.sign(confirmation), NOW) == confirmation


def test_purposes_do_not_mix_so_a_token_is_no_nonce() -> None:
    token = VisitorTokens(RING).sign("acme", VisitorClaims(VISITOR, 1, None, NOW))
    with pytest.raises(ConfirmationInvalid):
        NONCES.unsign("acme", token, NOW)


def test_authentic_bytes_that_are_no_confirmation_are_refused() -> None:
    text = SealedTexts(RING, KeyPurpose.CONFIRMATION, 512).sign("acme", b"\xc1")
    with pytest.raises(ConfirmationInvalid):
        NONCES.unsign("acme", text, NOW)
