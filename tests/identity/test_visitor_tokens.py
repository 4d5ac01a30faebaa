"""Visitor tokens: what every signed text owes, and what is their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.errors import (
    ConsentError,
    IdentityError,
    KeyRetired,
    KeyUnknown,
    TokenExpired,
    TokenForged,
)
from consent_service.identity.key_ring import KeyPurpose, KeyRing, new_ring, rotate_ring
from consent_service.identity.nonces import Confirmation, Nonces
from consent_service.identity.sealed_texts import SealedTexts
from consent_service.identity.visitor_tokens import (
    VisitorClaims,
    VisitorTokens,
    consumer_hash,
    imported_id_for,
    record_id,
    visitor_id_for,
)
from tests.identity.contract import DAY, NOW, RING, SignedTextContract

VISITOR = bytes(range(16))
TOKENS = VisitorTokens(RING)


class TestVisitorTokens(SignedTextContract):
    refusal: type[ConsentError] = IdentityError
    max_age = 400 * DAY

    def sign(self, ring: KeyRing, site: str, issued_at: int) -> str:
        return VisitorTokens(ring).sign(site, self.meaning(site, issued_at))

    def unsign(self, ring: KeyRing, site: str, text: str, now: int) -> VisitorClaims:
        return VisitorTokens(ring).unsign(site, text, now)

    def meaning(self, site: str, issued_at: int) -> VisitorClaims:
        return VisitorClaims(VISITOR, 7, None, issued_at)


IDS = st.binary(min_size=16, max_size=16)
CLAIMS = st.builds(
    VisitorClaims,
    visitor_id=IDS,
    version=st.integers(0, 2**64 - 1),
    consumer=st.none() | IDS,
    issued_at=st.integers(NOW - 400 * DAY, NOW + 60),
)


@given(CLAIMS, st.text(max_size=32))
def test_every_claim_survives_the_round_trip_on_every_site(claims: VisitorClaims, site: str) -> None:
    assert TOKENS.unsign(site, TOKENS.sign(site, claims), NOW) == claims


@given(CLAIMS)
def test_a_token_hides_the_visitor_and_is_short_enough_for_a_cookie(claims: VisitorClaims) -> None:
    token = TOKENS.sign("acme", claims)
    assert len(token) <= 140
    assert claims.visitor_id.hex() not in token


@pytest.mark.parametrize(
    "claims", [(b"short", 1, None, NOW), (VISITOR, 1, b"short", NOW), (VISITOR, 1, b"", NOW)]
)
def test_an_id_of_another_length_is_never_padded_or_cut(claims: tuple[bytes, int, bytes | None, int]) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        TOKENS.sign("acme", VisitorClaims(*claims))


def test_a_foreign_sites_token_is_forged() -> None:
    with pytest.raises(TokenForged):
        TOKENS.unsign("acme", TOKENS.sign("other", VisitorClaims(VISITOR, 1, None, NOW)), NOW)


def test_an_old_token_and_one_from_a_clock_ahead_of_ours_are_expired() -> None:
    for issued_at in (NOW - 400 * DAY - 1, NOW + 61):
        with pytest.raises(TokenExpired):
            TOKENS.unsign("acme", TOKENS.sign("acme", VisitorClaims(VISITOR, 1, None, issued_at)), NOW)


def test_the_error_says_whether_the_key_is_unknown_or_retired() -> None:
    claims = VisitorClaims(VISITOR, 1, None, NOW)
    later = rotate_ring(RING, NOW - 401 * DAY, b"n" * 32)
    with pytest.raises(KeyUnknown):
        TOKENS.unsign("acme", VisitorTokens(later).sign("acme", claims), NOW)
    with pytest.raises(KeyRetired):
        VisitorTokens(later).unsign("acme", TOKENS.sign("acme", claims), NOW)


def test_purposes_do_not_mix_so_a_nonce_is_no_token() -> None:
    nonce = Nonces(RING).sign(Confirmation("acme", VISITOR, 1, b"", "https://a.example", "en", NOW, VISITOR))
    with pytest.raises(TokenForged):
        TOKENS.unsign("acme", nonce, NOW)


def test_authentic_bytes_that_are_no_claims_are_forged() -> None:
    text = SealedTexts(RING, KeyPurpose.VISITOR_TOKEN, 512).sign("acme", b"something else")
    with pytest.raises(TokenForged):
        TOKENS.unsign("acme", text, NOW)


IDS_RING = new_ring(0, b"a" * 32, b"h" * 32)
OTHER_IDS_RING = new_ring(0, b"a" * 32, b"i" * 32)


@given(st.binary(min_size=16, max_size=16))
def test_a_retry_meets_the_same_visitor_also_after_a_rotation(request_id: bytes) -> None:
    first = visitor_id_for(IDS_RING, "acme", request_id)
    assert visitor_id_for(rotate_ring(IDS_RING, 1, b"b" * 32), "acme", request_id) == first
    assert len(first) == 16
    assert first != request_id


def test_another_site_request_hashing_key_or_a_doubt_gives_another_visitor() -> None:
    ids = {
        visitor_id_for(ring, site, request_id, doubted=doubted)
        for ring in (IDS_RING, OTHER_IDS_RING)
        for site in ("acme", "acme2")
        for request_id in (b"1" * 16, b"2" * 16)
        for doubted in (False, True)
    }
    assert len(ids) == 16


def test_a_consumer_is_hashed_within_a_business_and_never_meets_a_visitor() -> None:
    hashes = {
        consumer_hash(IDS_RING, "Acme", "ann@example.com"),
        consumer_hash(IDS_RING, "Acme", "bob@example.com"),
        consumer_hash(IDS_RING, "Other", "ann@example.com"),
        consumer_hash(OTHER_IDS_RING, "Acme", "ann@example.com"),
        visitor_id_for(IDS_RING, "Acme", b"ann@example.com"),
    }
    assert len(hashes) == 5
    assert {len(value) for value in hashes} == {16}


def test_where_a_record_lies_differs_by_key_site_and_visitor() -> None:
    hashes = {
        record_id(IDS_RING, "acme", bytes(16)),
        record_id(IDS_RING, "other", bytes(16)),
        record_id(IDS_RING, "acme", bytes(15) + b"1"),
        record_id(OTHER_IDS_RING, "acme", bytes(16)),
        visitor_id_for(IDS_RING, "acme", bytes(16)),
        bytes(16),
    }
    assert len(hashes) == 6
    assert {len(value) for value in hashes} == {16}
    rotated = rotate_ring(IDS_RING, 1, b"b" * 32)
    assert record_id(rotated, "acme", bytes(16)) == record_id(IDS_RING, "acme", bytes(16))


def test_an_imported_record_is_found_again_within_its_site_and_tool_alone() -> None:
    assert imported_id_for(rotate_ring(IDS_RING, 1, b"b" * 32), "acme", "Old", "7") == imported_id_for(
        IDS_RING, "acme", "Old", "7"
    )
    ids = {
        *(imported_id_for(IDS_RING, "acme", "Old", one) for one in ("7", "8")),
        imported_id_for(IDS_RING, "acme2", "Old", "7"),
        imported_id_for(IDS_RING, "acme", "Old7", ""),
        imported_id_for(OTHER_IDS_RING, "acme", "Old", "7"),
        visitor_id_for(IDS_RING, "acme", b"7"),
    }
    assert len(ids) == 6
    assert {len(one) for one in ids} == {16}
