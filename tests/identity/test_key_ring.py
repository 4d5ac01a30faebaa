"""The key ring: rotation, what still verifies, the text form and what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.errors import KeyRetired, KeyRingInvalid, KeyUnknown
from consent_service.identity.key_ring import (
    KeyPurpose,
    KeyRing,
    SigningKey,
    decode_ring,
    derive_subkey,
    encode_ring,
    keyed_hash,
    new_ring,
    rotate_ring,
)

NOW = 1_795_341_600
DAY = 86_400
RING = new_ring(NOW, b"a" * 32, b"h" * 32)
SECRETS = st.binary(min_size=32, max_size=48)


def test_a_new_ring_signs_with_key_1() -> None:
    assert RING.current_key == SigningKey(1, b"a" * 32, NOW, None)


def test_rotating_retires_the_old_key_and_keeps_the_hashing_key() -> None:
    ring = rotate_ring(RING, NOW + 5, b"b" * 32)
    assert ring.keys == (SigningKey(1, b"a" * 32, NOW, NOW + 5), SigningKey(2, b"b" * 32, NOW + 5, None))
    assert ring.hashing_key == RING.hashing_key


def test_a_retired_key_verifies_for_400_days() -> None:
    ring = rotate_ring(RING, NOW, b"b" * 32)
    assert ring.verifying_key(1, NOW + 400 * DAY).secret == b"a" * 32
    with pytest.raises(KeyRetired):
        ring.verifying_key(1, NOW + 400 * DAY + 1)


def test_the_current_key_verifies_however_old_it_is() -> None:
    assert RING.verifying_key(1, NOW + 4000 * DAY) is RING.current_key


def test_a_number_that_is_not_in_the_ring_is_unknown() -> None:
    with pytest.raises(KeyUnknown):
        RING.verifying_key(2, NOW)


@given(st.lists(SECRETS, min_size=1, max_size=5), SECRETS)
def test_a_ring_of_any_rotations_survives_its_text_form(secrets: list[bytes], hashing_key: bytes) -> None:
    ring = new_ring(NOW, secrets[0], hashing_key)
    for secret in secrets[1:]:
        ring = rotate_ring(ring, NOW + DAY, secret)
    assert decode_ring(encode_ring(ring)) == ring


def test_a_ring_never_shows_its_secrets_when_it_is_printed() -> None:
    assert "aaaa" not in repr(RING)
    assert "hhhh" not in repr(RING)


KEY = SigningKey(1, b"a" * 32, NOW)
RETIRED = SigningKey(1, b"a" * 32, NOW, NOW)


@pytest.mark.parametrize(
    ("keys", "hashing_key", "says"),
    [
        ((), b"h" * 32, "holds no key"),
        ((SigningKey(0, b"a" * 32, NOW),), b"h" * 32, "start at 1"),
        ((RETIRED, KEY), b"h" * 32, "rise"),
        ((SigningKey(1, b"a" * 31, NOW),), b"h" * 32, "at least 32 bytes"),
        ((KEY,), b"h" * 31, "at least 32 bytes"),
        ((RETIRED,), b"h" * 32, "without retired_at"),
        ((KEY, SigningKey(2, b"b" * 32, NOW)), b"h" * 32, "without retired_at"),
        ((KEY, SigningKey(2, b"b" * 32, NOW, NOW)), b"h" * 32, "without retired_at"),
        ((SigningKey(1, b"a" * 32, 10**30),), b"h" * 32, "out of range"),
        ((SigningKey(1, b"a" * 32, -1),), b"h" * 32, "out of range"),
        ((SigningKey(10**30, b"a" * 32, NOW),), b"h" * 32, "out of range"),
        ((SigningKey(1, b"a" * 32, NOW, 10**12), SigningKey(2, b"b" * 32, NOW)), b"h" * 32, "out of range"),
    ],
)
def test_a_ring_that_could_not_sign_safely_is_refused(
    keys: tuple[SigningKey, ...], hashing_key: bytes, says: str
) -> None:
    with pytest.raises(KeyRingInvalid, match=says):
        KeyRing(keys, hashing_key)


def altered(**changes: object) -> str:
    return json.dumps(json.loads(encode_ring(RING)) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"keys": []}',
        altered(hashing_key=5),
        altered(hashing_key="c2VjcmV0!"),
        altered(hashing_key="A"),
        altered(hashing_key="é" * 43),
        altered(hashing_key="A" * 42 + "B"),
        altered(keys=[]),
        altered(comment="unknown member"),
        encode_ring(RING).replace(str(NOW), "9" * 5000),
        encode_ring(RING).replace(str(NOW), "[" * 5000),
    ],
)
def test_a_text_that_is_no_ring_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(KeyRingInvalid) as caught:
        decode_ring(text)
    assert "c2VjcmV0" not in str(caught.value)


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert len({derive_subkey(b"a" * 32, purpose) for purpose in KeyPurpose}) == len(KeyPurpose)
    assert len(derive_subkey(b"a" * 32, KeyPurpose.VISITOR_TOKEN, 64)) == 64


def test_a_keyed_hash_tells_parts_apart_by_their_borders_and_purpose() -> None:
    hashes = {
        keyed_hash(b"k", purpose, parts)
        for purpose in (KeyPurpose.VISITOR_ID, KeyPurpose.CONSUMER)
        for parts in ([b"ab", b"c"], [b"a", b"bc"], [b"abc"], [b"abc", b""])
    }
    assert len(hashes) == 8
