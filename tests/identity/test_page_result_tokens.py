"""Results: what every signed text obeys, and whom a result answers."""

from __future__ import annotations

import pytest

from consent_service.errors import ConsentError, IdentityError, TokenForged
from consent_service.identity.key_ring import KeyPurpose, KeyRing
from consent_service.identity.page_result_tokens import (
    MAX_LENGTH,
    PageResult,
    PageResultTokens,
    digest_of_state,
)
from consent_service.identity.sealed_texts import SealedTexts
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from tests.identity.contract import NOW, RING, SignedTextContract

VISITOR = bytes(range(16))


class TestResults(SignedTextContract):
    refusal: type[ConsentError] = IdentityError
    max_age = 600

    def sign(self, ring: KeyRing, site: str, issued_at: int) -> str:
        return PageResultTokens(ring).sign(site, self.meaning(site, issued_at))

    def unsign(self, ring: KeyRing, site: str, text: str, now: int) -> PageResult:
        return PageResultTokens(ring).unsign(site, text, now)

    def meaning(self, site: str, issued_at: int) -> PageResult:
        return PageResult(VISITOR, 7, digest_of_state("made here"), issued_at)


def test_a_result_answers_the_page_that_made_its_state_and_no_other() -> None:
    result = PageResult(VISITOR, 7, digest_of_state("made here"), NOW)
    assert result.answers_state("made here")
    assert not any(
        result.answers_state(other) for other in ("", "made elsewhere", "é", "\ud800", "x" * 10_000)
    )


def test_a_result_without_a_state_answers_nobody() -> None:
    result = PageResult(VISITOR, 7, digest_of_state(""), NOW)
    assert not any(result.answers_state(state) for state in ("", "made here", "\x00" * 16))


def test_purposes_do_not_mix_so_a_visitor_token_is_no_result() -> None:
    token = VisitorTokens(RING).sign("acme", VisitorClaims(VISITOR, 7, None, NOW))
    with pytest.raises(TokenForged):
        PageResultTokens(RING).unsign("acme", token, NOW)


def test_authentic_bytes_that_are_no_result_are_refused() -> None:
    text = SealedTexts(RING, KeyPurpose.RESULT, MAX_LENGTH).sign("acme", b"short")
    with pytest.raises(TokenForged):
        PageResultTokens(RING).unsign("acme", text, NOW)
