"""Visits: what every signed text obeys, and that nothing of them gets lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.errors import ConsentError, IdentityError, TokenForged
from consent_service.identity.key_ring import KeyPurpose, KeyRing
from consent_service.identity.sealed_texts import SealedTexts
from consent_service.identity.visit_tokens import MAX_LENGTH, Visit, VisitTokens
from tests.identity.contract import DAY, NOW, RING, SignedTextContract

VISITS = VisitTokens(RING)


class TestVisits(SignedTextContract):
    refusal: type[ConsentError] = IdentityError
    max_age = DAY

    def sign(self, ring: KeyRing, site: str, issued_at: int) -> str:
        return VisitTokens(ring).sign(site, self.meaning(site, issued_at))

    def unsign(self, ring: KeyRing, site: str, text: str, now: int) -> Visit:
        return VisitTokens(ring).unsign(site, text, now)

    def meaning(self, site: str, issued_at: int) -> Visit:
        return Visit(bytes(16), issued_at, token="t", back="https://shop.example/lamps", lang="es")


@given(
    st.builds(
        Visit,
        id=st.binary(min_size=16, max_size=16),
        issued_at=st.integers(NOW - DAY, NOW + 60),
        token=st.text(max_size=200),
        state=st.binary(max_size=16),
        back=st.text(max_size=200),
        lang=st.text(max_size=35),
        did=st.text(max_size=10),
        receipt=st.text(max_size=36),
    )
)
def test_every_visit_survives_the_round_trip(visit: Visit) -> None:
    assert VISITS.unsign("acme", VISITS.sign("acme", visit), NOW) == visit


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x91\xc0", b"\x92\xc4\x01a\xa1b"])
def test_authentic_bytes_that_are_no_visit_are_refused(payload: bytes) -> None:
    text = SealedTexts(RING, KeyPurpose.VISIT, MAX_LENGTH).sign("acme", payload)
    with pytest.raises(TokenForged):
        VISITS.unsign("acme", text, NOW)


def test_the_longest_visit_that_the_page_makes_can_be_read_again() -> None:
    visit = Visit(bytes(16), NOW, "t" * 512, bytes(16), "b" * 1024, "l" * 35, "opt_out", "r" * 36)
    assert VISITS.unsign("acme", VISITS.sign("acme", visit), NOW) == visit
