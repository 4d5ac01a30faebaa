"""Public signatures: what holds, what does not, and the keys' text form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consent_service.errors import KeyRingInvalid, KeyUnknown, TokenForged
from consent_service.identity.key_ring import new_ring, rotate_ring
from consent_service.identity.signatures import (
    Statement,
    StatementSigner,
    decode_jwks,
    encode_jwks,
    key_id,
    read_unverified,
    unsign,
)

RING = new_ring(5, b"a" * 32, b"h" * 32)
SIGNER = StatementSigner(RING)


@given(st.text(), st.sampled_from(Statement))
def test_what_was_signed_is_given_back(text: str, statement: Statement) -> None:
    assert unsign(SIGNER.public_keys(), statement, SIGNER.sign(statement, text)) == text


def test_the_same_text_is_signed_the_same_way() -> None:
    assert SIGNER.sign(Statement.ANCHOR, "x") == StatementSigner(RING).sign(Statement.ANCHOR, "x")


def test_a_statement_of_one_kind_never_passes_for_another() -> None:
    with pytest.raises(TokenForged):
        unsign(SIGNER.public_keys(), Statement.ANCHOR, SIGNER.sign(Statement.PROMISE, "x"))


@pytest.mark.parametrize("change", [{"text": "y"}, {"signature": "AAAA"}, {"signature": "no base64!"}])
def test_an_altered_statement_does_not_hold(change: dict[str, str]) -> None:
    signed = replace(SIGNER.sign(Statement.PROMISE, "x"), **change)
    with pytest.raises(TokenForged):
        unsign(SIGNER.public_keys(), Statement.PROMISE, signed)


def test_a_retired_key_s_statements_hold_and_a_stranger_s_do_not() -> None:
    rotated = StatementSigner(rotate_ring(RING, 10, b"b" * 32))
    signed = SIGNER.sign(Statement.PROMISE, "x")
    assert rotated.current != SIGNER.current
    assert unsign(rotated.public_keys(), Statement.PROMISE, signed) == "x"
    assert rotated.sign(Statement.PROMISE, "x", SIGNER.current) == signed
    with pytest.raises(KeyUnknown):
        unsign(SIGNER.public_keys(), Statement.PROMISE, rotated.sign(Statement.PROMISE, "x"))
    with pytest.raises(KeyUnknown):
        SIGNER.sign(Statement.PROMISE, "x", rotated.current)


def test_without_a_key_only_the_form_of_a_signature_is_checked() -> None:
    signed = SIGNER.sign(Statement.PROMISE, "x")
    stranger = StatementSigner(rotate_ring(RING, 10, b"b" * 32)).sign(Statement.PROMISE, "y")
    assert [read_unverified(one) for one in (signed, stranger)] == ["x", "y"]
    for broken in ("!", signed.signature[:-4], signed.signature + "AAAA", ""):
        with pytest.raises(TokenForged):
            read_unverified(replace(signed, signature=broken))
    with pytest.raises(TokenForged):
        read_unverified(replace(signed, key=signed.key + "AAAA"))


def test_the_public_keys_survive_their_text_form_beside_keys_of_other_kinds() -> None:
    text = json.loads(encode_jwks(SIGNER.public_keys()))
    text["keys"].append({"kty": "OKP", "crv": "X25519", "x": "AAAA"})
    found = decode_jwks(json.dumps(text).encode())
    assert list(found) == [SIGNER.current] == [key_id(key) for key in found.values()]


def test_a_public_key_is_named_by_its_own_digest_whatever_name_it_comes_under() -> None:
    text = encode_jwks(SIGNER.public_keys()).replace(SIGNER.current.encode(), b"another")
    assert list(decode_jwks(text)) == [SIGNER.current]


TWICE = encode_jwks(SIGNER.public_keys())[:-1] + b',"keys":[]}'
AHEAD = b'{"keys":[],' + encode_jwks(SIGNER.public_keys())[1:]


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{}", b'{"keys":[{"x":"AA"}]}', b'{"keys":[{"x":"!"}]}', b'{"keys":[]}', TWICE, AHEAD),
        *(b"\xef\xbb\xbf" + encode_jwks(SIGNER.public_keys()), b'{"x":' + b"[" * 200_000),
    ],
)
def test_a_text_that_is_no_set_of_keys_is_refused(text: bytes) -> None:
    with pytest.raises(KeyRingInvalid):
        decode_jwks(text)
